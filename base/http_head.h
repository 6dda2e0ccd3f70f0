/*
 * base/http_head.h - HTTP/1 as programs of one host say it to each other over a unix socket: requests and answers, read and written.
 *
 * A connection has one request and one answer; a body has a Content-Length, so nothing is chunked or compressed. Whatever else
 * somebody sends is refused, and nothing is guessed. Pure: text in, text out.
 *
 *	switch (http_request_read(in.s, in.len, MAX_BODY, &request)) ...
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct buf;

enum http_verdict {
	HTTP_MORE,		/* it is not all there */
	HTTP_WHOLE,
	HTTP_BAD_LINE,		/* the first line, or a NUL in the head: it is no HTTP/1 */
	HTTP_BAD_LENGTH,	/* its body is larger than allowed, or of a length that is unknown or said twice */
};

struct http_request {
	const char *method;
	const char *path;	/* with a slash in front, without the query, not decoded */
	const char *query;	/* "" where there is none */
	const char *body;	/* a NUL is behind it */
	size_t body_len;
};

struct http_answer {
	int status;		/* 100 to 999 */
	const char *body;
	size_t body_len;
};

/*
 * Reads the text, which has a NUL behind its `len` bytes, as a request. HTTP_WHOLE: the text was cut into the strings of `out`, which
 * live in it, and is of no other use any more. Otherwise it is as it was, so that it can grow and be read again; a wrong length is told as
 * soon as the head is there. What stands behind the body has no meaning.
 */
enum http_verdict http_request_read(char *text, size_t len, size_t max_body, struct http_request *out);
/* The same of an answer, which must have a length. The text is left as it is. */
enum http_verdict http_answer_read(const char *text, size_t len, size_t max_body, struct http_answer *out);

/* Appends a request; a `body` is JSON, NULL: none. */
void http_request_write(struct buf *out, const char *method, const char *path, const char *host, const char *body);
/* Appends an answer; `type` is that of the body, NULL: nothing is said of it. */
void http_answer_write(struct buf *out, int status, const char *type, const char *body);
