#include "providers/fetch/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

enum { CONNECT_TIMEOUT_S = 30, STALL_TIMEOUT_S = 60, STALL_BYTES_PER_S = 64, SMALL_STALLS = 5, REDIRECTS = 10 };

struct exchange {
	CURL *curl;
	const struct http_request *r;
	struct http_answer *a;
	struct error *err;
	bool begun;
	bool enough;
	bool failed;		/* by a callback, and err is set */
	bool late;		/* its time is up */
	long long until;	/* when it is; 0: never */
};

static void
start_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static char *
fetch_http_header(CURL *curl, const char *name)
{
	struct curl_header *h;

	return xstrdup(curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : "");
}

static void
take_answer(CURL *curl, struct http_answer *a)
{
	curl_off_t length = -1, later = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a->status);
	curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &later);
	http_answer_release(a);
	a->length = length;
	a->retry_after_s = later > 0 && later < 86400 ? (long)later : 0;
	a->etag = fetch_http_header(curl, "ETag");
	a->last_modified = fetch_http_header(curl, "Last-Modified");
	a->type = fetch_http_header(curl, "Content-Type");
	a->range = fetch_http_header(curl, "Content-Range");
	a->coding = fetch_http_header(curl, "Content-Encoding");
}

void
http_answer_release(struct http_answer *a)
{
	char **texts[] = { &a->etag, &a->last_modified, &a->type, &a->range, &a->coding };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		free(*texts[i]);
		*texts[i] = NULL;
	}
}

/* Returns false to stop the transfer. */
static bool
fetch_http_begin(struct exchange *x)
{
	int r;

	x->begun = true;
	take_answer(x->curl, x->a);
	r = x->r->begin(x->r->ctx, x->a, x->err);
	x->failed = r < 0;
	x->enough = r > 0;
	return r == 0;
}

/* Never called for the body of a redirect, so the first call is the place to look at the headers. */
static size_t
fetch_http_on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;

	if (!x->begun && !fetch_http_begin(x))
		return 0;
	if (x->r->body(x->r->ctx, p, size * n, x->err) < 0) {
		x->failed = true;
		return 0;
	}
	return size * n;
}

/* Called at least once a second. */
static int
on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct exchange *x = ctx;

	(void)a, (void)b, (void)c, (void)d;
	x->late = x->until && clock_ms() > x->until;
	return x->late || (x->r->cancel && *x->r->cancel);
}

static long
fetch_http_setting(const char *name, long fallback)
{
	const char *s = getenv(name);
	long v = s ? strtol(s, NULL, 10) : 0;

	return v > 0 ? v : fallback;
}

static long
fetch_http_stall_s(void)
{
	return fetch_http_setting("LIMA_HTTP_STALL_TIMEOUT_S", STALL_TIMEOUT_S);
}

/* As OpenSSL's and Go's programs take them: the roots of a company whose proxy opens every connection. */
static void
set_roots(CURL *c)
{
	const char *file = getenv("SSL_CERT_FILE"), *dir = getenv("SSL_CERT_DIR");

	if (file && *file)
		curl_easy_setopt(c, CURLOPT_CAINFO, file);
	if (dir && *dir)
		curl_easy_setopt(c, CURLOPT_CAPATH, dir);
}

static struct curl_slist *
header_list(const struct http_request *r)
{
	struct curl_slist *l = NULL;

	for (size_t i = 0; r->headers && r->headers[i]; i++)
		l = curl_slist_append(l, r->headers[i]);
	/* A server may choose a coding unless it is told not to. */
	return r->decode ? l : curl_slist_append(l, "Accept-Encoding: identity");
}

/* Who asked by https gets all of it by https: on the way down anybody could answer. */
static bool
is_tls(const char *url)
{
	return !strncasecmp(url, "https:", strlen("https:"));
}

static void
set_options(struct exchange *x, const struct curl_slist *headers, char *text)
{
	CURL *c = x->curl;

	curl_easy_setopt(c, CURLOPT_URL, x->r->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, is_tls(x->r->url) ? "https" : "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, fetch_http_setting("LIMA_HTTP_CONNECT_TIMEOUT_S", CONNECT_TIMEOUT_S));
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, fetch_http_stall_s());
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);	/* threads */
	curl_easy_setopt(c, CURLOPT_USERAGENT, "limactl");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);	/* a proxy's answer is not the server's */
	set_roots(c);
	if (x->r->decode)
		curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, text);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, fetch_http_on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, x);
}

/* The URL in messages has no user and password; to free. */
static char *
fetch_http_shown(const char *url)
{
	const char *host = strstr(url, "://");
	size_t len;

	if (!host)
		return xstrdup(url);
	host += 3;
	len = strcspn(host, "/?#");
	for (size_t i = len; i-- > 0;)
		if (host[i] == '@')
			return xasprintf("%.*s%s", (int)(host - url), url, host + i + 1);
	return xstrdup(url);
}

int
http_cancelled(const char *url, struct error *err)
{
	auto_free char *text = fetch_http_shown(url);

	return error_set(err, ERR_CANCELLED, "GET %s: cancelled", text);
}

static const struct kind {
	CURLcode code;
	int error;
	bool transient;
} kinds[] = {
	{ CURLE_OPERATION_TIMEDOUT, ETIMEDOUT, true },
	{ CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH, true },
	{ CURLE_COULDNT_RESOLVE_PROXY, EHOSTUNREACH, true },
	{ CURLE_COULDNT_CONNECT, ECONNREFUSED, true },
	{ CURLE_PARTIAL_FILE, EIO, true },
	{ CURLE_GOT_NOTHING, EIO, true },
	{ CURLE_SEND_ERROR, EIO, true },
	{ CURLE_RECV_ERROR, EIO, true },
	{ CURLE_SSL_CONNECT_ERROR, EIO, true },
	{ CURLE_HTTP2, EIO, true },
	{ CURLE_HTTP2_STREAM, EIO, true },
	{ CURLE_UNSUPPORTED_PROTOCOL, ERR_INVALID, false },
	{ CURLE_URL_MALFORMAT, ERR_INVALID, false },
};

/* Was it the way to an http address that was refused? */
static bool
is_downgrade(CURL *curl)
{
	char *to = NULL;

	/* curl fills it for a redirect that was not followed, and for one that could not be. */
	curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &to);
	if (!to)
		curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &to);
	return to && !strncasecmp(to, "http:", strlen("http:"));
}

static int
curl_error(struct exchange *x, CURLcode code, const char *text)
{
	static const struct kind other = { .error = EIO };
	auto_free char *url = fetch_http_shown(x->r->url);
	const struct kind *k = &other;

	if (x->late)
		return error_set(x->err, ETIMEDOUT, "GET %s: it is not all here after %ld s, and its server sends it too slowly", url,
				 fetch_http_stall_s() * SMALL_STALLS);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].code == code)
			k = &kinds[i];
	x->a->transient = k->transient;
	if (code == CURLE_UNSUPPORTED_PROTOCOL && is_tls(x->r->url) && is_downgrade(x->curl))
		return error_set(x->err, ERR_REFUSED, "GET %s: the server sends us from https to http, where anybody could answer; "
				 "if you trust that network, name the http address itself", url);
	return error_set(x->err, k->error, "GET %s: %s", url, *text ? text : curl_easy_strerror(code));
}

static int
fetch_http_outcome(struct exchange *x, CURLcode code, const char *text)
{
	if (code == CURLE_OK && !x->begun)
		fetch_http_begin(x);	/* an answer without a body */
	if (x->failed) {
		auto_free char *url = fetch_http_shown(x->r->url);

		return error_wrap(x->err, "GET %s", url);
	}
	if (x->r->cancel && *x->r->cancel)
		return http_cancelled(x->r->url, x->err);
	return code == CURLE_OK || x->enough ? 0 : curl_error(x, code, text);
}

int
http_request(const struct http_request *r, struct http_answer *a, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char text[CURL_ERROR_SIZE] = "";
	struct exchange x = { .r = r, .a = a, .err = err };
	struct curl_slist *headers = header_list(r);
	CURLcode code;
	int result;

	http_answer_release(a);
	*a = (struct http_answer){ .length = -1 };
	pthread_once(&once, start_curl);
	/* Of a text nobody sees how far it is, and a server that sends it drop by drop would keep a command for ever. */
	x.until = r->small ? clock_ms() + fetch_http_stall_s() * SMALL_STALLS * 1000LL : 0;
	x.curl = curl_easy_init();
	if (!x.curl)
		abort();	/* out of memory */
	set_options(&x, headers, text);
	code = curl_easy_perform(x.curl);
	result = fetch_http_outcome(&x, code, text);
	if (!a->etag)
		take_answer(x.curl, a);
	curl_easy_cleanup(x.curl);
	curl_slist_free_all(headers);
	return result;
}

static const char *
fetch_http_reason(long status)
{
	static const struct { long status; const char *text; } reasons[] = {
		{ 401, " Unauthorized" }, { 403, " Forbidden" }, { 404, " Not Found" }, { 408, " Request Timeout" },
		{ 410, " Gone" }, { 429, " Too Many Requests" }, { 500, " Internal Server Error" },
		{ 502, " Bad Gateway" }, { 503, " Service Unavailable" }, { 504, " Gateway Timeout" },
	};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "";
}

int
http_status_error(const char *url, struct http_answer *a, struct error *err)
{
	auto_free char *text = fetch_http_shown(url);
	long s = a->status;

	a->transient = s == 408 || s == 429 || s >= 500;
	return error_set(err, s == 404 || s == 410 ? ENOENT : s == 401 || s == 403 ? EACCES : EIO, "GET %s: %ld%s",
			 text, s, fetch_http_reason(s));
}
