/*
 * providers/fetch/http.h - GET over http and https. Lazy half (libcurl); from any thread.
 *
 * Redirects are followed to http and https only, ten at most, and from https never to http (ERR_REFUSED); https is verified
 * against the system's roots, or those of $SSL_CERT_FILE and $SSL_CERT_DIR; the
 * usual proxy variables are honoured. A connection must stand after 30 s, and one
 * on which next to nothing moves for 60 s (64 bytes a second) is given up ($LIMA_HTTP_CONNECT_TIMEOUT_S,
 * $LIMA_HTTP_STALL_TIMEOUT_S). What goes into memory has five times as long for all of it. A cancel flag is seen within a second
 * (ERR_CANCELLED). Error texts name the URL, without password, and the status.
 * Nothing that a server says about sizes is believed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

struct http_get {
	const char *url;
	const char *const *headers;	/* "Name: value", NULL-terminated; or NULL */
	size_t max_bytes;		/* of the body, decoded; more is EFBIG */
	const volatile int *cancel;	/* or NULL */
};

/*
 * A small body into memory, appended. What may pass (see http_again) is tried
 * again. Any answer but 2xx is an error: ENOENT for 404 and 410, EACCES for 401
 * and 403, EIO otherwise; ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH (no such host), EIO
 * if there was no answer.
 */
int http_get(const struct http_get *g, struct buf *out, struct error *err);

/* The rest is for those who write the body elsewhere: providers/fetch/cache.c. */

struct http_answer {
	long status;		/* of the last answer; 0: there was none */
	int64_t length;		/* what it claims; -1: nothing */
	char *etag, *last_modified, *type, *range, *coding;	/* Content-Range, Content-Encoding; never NULL */
	long retry_after_s;	/* 0: not said */
	bool transient;		/* it failed in a way that may pass */
};

struct http_request {
	const char *url;
	const char *const *headers;
	bool small;		/* a text: all of it is here in five times what a silence may take, or it is given up for good */
	bool decode;		/* ask for a compressed body and hand it on decompressed; else as it is stored */
	const volatile int *cancel;
	/*
	 * Called once, when the final answer's headers are in. 0: go on, with the body
	 * in pieces; 1: enough, no body wanted; -1: failed.
	 */
	int (*begin)(void *ctx, const struct http_answer *a, struct error *err);
	int (*body)(void *ctx, const void *p, size_t len, struct error *err);
	void *ctx;
};

/*
 * One try. 0: there was an answer, of any status, and its body, as far as wanted,
 * is complete. `a` is to be released in any case.
 */
int http_request(const struct http_request *r, struct http_answer *a, struct error *err);
void http_answer_release(struct http_answer *a);

/* The error of an answer that is not 2xx; also decides about `transient`. */
int http_status_error(const char *url, struct http_answer *a, struct error *err);

/*
 * After a failed try: may it pass (a broken connection, 408, 429, 5xx), and was it
 * not the fifth in a row? Then counts it, waits (0.5 s, 1 s, 2 s, 4 s, each by half
 * more or less; $LIMA_HTTP_BACKOFF_MS for the first; or as Retry-After says, up to
 * 2 minutes) and returns true. False when cancelled, too.
 */
bool http_again(int *failures, const struct http_answer *a, const volatile int *cancel);

/* What to say at the end: `why` of the last try, or that it was cancelled. */
int http_tried(const char *url, int failures, const volatile int *cancel, const struct error *why, struct error *err);
int http_cancelled(const char *url, struct error *err);
