/* The half of providers/fetch/http.h that is policy of tries, and no curl */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/fetch/http.h"

enum {
	TRIES = 5,
	BACKOFF_MS = 500,
	RETRY_AFTER_MAX_S = 120,
	CANCEL_TICK_MS = 50,
};

/* Returns false when the wait was cancelled. */
static bool
wait_ms(long long ms, const volatile int *cancel)
{
	long long end = clock_ms() + ms, left;

	while (!(cancel && *cancel) && (left = end - clock_ms()) > 0)
		poll(NULL, 0, left < CANCEL_TICK_MS ? (int)left : CANCEL_TICK_MS);
	return !(cancel && *cancel);
}

static long long
pause_ms(int failures, const struct http_answer *a)
{
	const char *s = getenv("LIMA_HTTP_BACKOFF_MS");
	long long ms = s && atoi(s) > 0 ? atoi(s) : BACKOFF_MS;
	unsigned short dice = 0;

	if (a->retry_after_s)
		return (a->retry_after_s < RETRY_AFTER_MAX_S ? a->retry_after_s : RETRY_AFTER_MAX_S) * 1000LL;
	ms <<= failures - 1;
	if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) < 0)
		dice = (unsigned short)clock_ms();
	return ms / 2 + ms * dice / 0xffff;	/* many clients that failed together do not come back together */
}

bool
http_again(int *failures, const struct http_answer *a, const volatile int *cancel)
{
	++*failures;
	return a->transient && *failures < TRIES && wait_ms(pause_ms(*failures, a), cancel);
}

struct into {
	struct buf *out;
	size_t start, max;
};

static int
get_begin(void *ctx, const struct http_answer *a, struct error *err)
{
	const struct into *in = ctx;

	(void)err;
	buf_truncate(in->out, in->start);	/* of a try that broke off */
	return a->status / 100 != 2;
}

static int
get_body(void *ctx, const void *p, size_t len, struct error *err)
{
	const struct into *in = ctx;

	if (len > in->max - (in->out->len - in->start))
		return error_set(err, EFBIG, "more than %zu bytes", in->max);
	buf_add(in->out, p, len);
	return 0;
}

int
http_get(const struct http_get *g, struct buf *out, struct error *err)
{
	struct into in = { out, out->len, g->max_bytes };
	const struct http_request r = { .url = g->url, .headers = g->headers, .small = true, .decode = true, .cancel = g->cancel,
					.begin = get_begin, .body = get_body, .ctx = &in };
	AUTO(http_answer) a = { 0 };
	struct error why;
	int failures = 0;

	do {
		if (http_request(&r, &a, &why) == 0) {
			if (a.status / 100 == 2)
				return 0;
			http_status_error(g->url, &a, &why);
		}
	} while (http_again(&failures, &a, g->cancel));
	buf_truncate(out, in.start);
	return http_tried(g->url, failures, g->cancel, &why, err);
}

int
http_tried(const char *url, int failures, const volatile int *cancel, const struct error *why, struct error *err)
{
	if (cancel && *cancel)
		return http_cancelled(url, err);
	if (failures > 1)
		error_set(err, why->code, "%s (tried %d times)", why->msg, failures);
	else
		error_set(err, why->code, "%s", why->msg);
	/* nobody was reached: that is this host's side of it as often as the other */
	return why->code == EHOSTUNREACH || why->code == ECONNREFUSED ? error_hint(err, "; is this host online, and its proxy right? The same command goes on then") : -1;
}
