/*
 * providers/clusters/ganeti/rapi.h - questions to the remote API of a Ganeti cluster. Lazy half (libcurl).
 *
 * By https alone, and verified by the roots of `ca_file`, or this host's; redirects are not followed, since user and password would go along.
 * The cluster is believed no more than others are: an answer is bounded in size, nesting and time.
 */
#pragma once
#include <cjson/cJSON.h>

struct error;

struct rapi {
	const char *url;		/* https://HOST[:PORT] */
	const char *user, *password;
	const char *ca_file;		/* "": this host's roots */
	int deadline_ms;
	const volatile int *cancel;	/* or NULL */
};

/*
 * One question; `body` NULL: none. The answer is to be deleted. ENOENT: there is no such thing; EACCES: user and password are
 * not taken; ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH, ERR_CANCELLED; EFBIG: more than an answer may have; EIO: the rest, with the cluster's words.
 */
int rapi_ask(const struct rapi *r, const char *method, const char *path, const cJSON *body, cJSON **out, struct error *err);

static inline void
rapi_forget(cJSON **json)
{
	cJSON_Delete(*json);
}
#define auto_json __attribute__((cleanup(rapi_forget))) cJSON
