#include "providers/clusters/ganeti/rapi.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"

enum { MAX_ANSWER = 32 << 20, MAX_WORDS = 300 };

struct rapi_exchange {
	const struct rapi *r;
	const char *method, *path;
	struct buf body;
	bool too_long;
};

static void
rapi_exchange_release(struct rapi_exchange *x)
{
	buf_release(&x->body);
}

static void
rapi_start_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t
rapi_on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct rapi_exchange *x = ctx;

	if (size * n > MAX_ANSWER - x->body.len) {
		x->too_long = true;
		return 0;
	}
	buf_add(&x->body, p, size * n);
	return size * n;
}

static int
rapi_on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct rapi *r = ctx;

	(void)a, (void)b, (void)c, (void)d;
	return r->cancel && *r->cancel;
}

static void
rapi_set_options(CURL *c, struct rapi_exchange *x, const char *url, char *text)
{
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, x->method);
	curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(c, CURLOPT_USERNAME, x->r->user);
	curl_easy_setopt(c, CURLOPT_PASSWORD, x->r->password);
	if (*x->r->ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, x->r->ca_file);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)x->r->deadline_ms);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);	/* threads */
	curl_easy_setopt(c, CURLOPT_USERAGENT, "limactl");
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, text);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, rapi_on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, rapi_on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, (void *)(uintptr_t)x->r);
}

static int
rapi_silence(const struct rapi_exchange *x, CURLcode code, const char *text, struct error *err)
{
	static const struct { CURLcode code; int error; } kinds[] = {
		{ CURLE_OPERATION_TIMEDOUT, ETIMEDOUT }, { CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH }, { CURLE_COULDNT_CONNECT, ECONNREFUSED },
	};
	int kind = EIO;

	if (x->too_long)
		return error_set(err, EFBIG, "%s%s: the answer has more than %d MiB", x->r->url, x->path, MAX_ANSWER >> 20);
	if (x->r->cancel && *x->r->cancel)
		return error_set(err, ERR_CANCELLED, "%s%s: cancelled", x->r->url, x->path);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].code == code)
			kind = kinds[i].error;
	return error_set(err, kind, "%s%s: %s", x->r->url, x->path, *text ? text : curl_easy_strerror(code));
}

/* What the cluster says of it goes to a terminal: one line of it, of what a keyboard has. */
static void
rapi_words(const char *from, char out[MAX_WORDS])
{
	size_t n = 0;

	while (*from && n < MAX_WORDS - 1) {
		out[n++] = *from < ' ' || *from > '~' ? ' ' : *from;
		from++;
	}
	out[n] = '\0';
}

static int
rapi_refusal(const struct rapi_exchange *x, long status, struct error *err)
{
	auto_json *said = cJSON_ParseWithLength(x->body.len ? x->body.s : "", x->body.len);
	const char *why = cjson_text_or(said, "explain", cjson_text_or(said, "message", ""));
	char words[MAX_WORDS];

	rapi_words(why, words);
	if (status == 401 || status == 403)
		return error_set(err, EACCES, "%s: the cluster does not take this user and password (%ld)", x->r->url, status);
	return error_set(err, status == 404 ? ENOENT : EIO, "%s%s: %ld %s", x->r->url, x->path, status, words);
}

static int
rapi_answer(const struct rapi_exchange *x, long status, cJSON **out, struct error *err)
{
	cJSON *json;

	if (status < 200 || status > 299)
		return rapi_refusal(x, status, err);
	json = cJSON_ParseWithLength(x->body.len ? x->body.s : "", x->body.len);
	if (!json)
		return error_set(err, EIO, "%s%s: the answer is no JSON; is this the address of Ganeti's remote API?", x->r->url, x->path);
	*out = json;
	return 0;
}

int
rapi_ask(const struct rapi *r, const char *method, const char *path, const cJSON *body, cJSON **out, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	__attribute__((cleanup(rapi_exchange_release))) struct rapi_exchange x = { .r = r, .method = method, .path = path, .body = BUF_INIT };
	auto_free char *url = xasprintf("%s%s", r->url, path), *text = body ? cJSON_PrintUnformatted(body) : NULL;
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	char why[CURL_ERROR_SIZE] = "";
	CURLcode code;
	long status = 0;
	CURL *c;

	pthread_once(&once, rapi_start_curl);
	c = curl_easy_init();
	if (!c || (body && !text))
		abort();	/* out of memory */
	rapi_set_options(c, &x, url, why);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	if (text)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, text);
	code = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
	if (code != CURLE_OK)
		return rapi_silence(&x, code, why, err);
	return rapi_answer(&x, status, out, err);
}
