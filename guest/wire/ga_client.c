#include "guest/wire/ga_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "guest/wire/ga_client_impl.h"

#define INOTIFY_QUEUE (64 << 10)

static const struct grpc_limits limits = {
	.message_max = 4 << 20,		/* what upstream's agent would accept, too; 2,000 ports are 60 KiB */
	.partial_max = 16 << 20,
	.streams_max = 2048,		/* upstream's agent announces the same */
};

struct ga_client *
ga_client_new(const struct ga_client_ops *ops, void *ctx)
{
	struct ga_client *c = xcalloc(1, sizeof *c);

	c->ops = ops;
	c->ctx = ctx;
	c->info.answer = c->time.answer = (struct buf)BUF_INIT;
	c->conn = grpc_client_new(&limits);
	return c;
}

void
ga_client_free(struct ga_client *c, const char *why)
{
	if (!c)
		return;
	grpc_conn_free(c->conn, why);
	free(c);
}

int
ga_client_feed(struct ga_client *c, const void *p, size_t len, struct error *err)
{
	return grpc_feed(c->conn, p, len, err);
}

size_t
ga_client_output(struct ga_client *c, const uint8_t **p)
{
	return grpc_output(c->conn, p);
}

void
ga_client_sent(struct ga_client *c, size_t len)
{
	grpc_sent(c->conn, len);
}

bool
ga_client_done(const struct ga_client *c)
{
	return grpc_done(c->conn);
}

uint32_t
ga_client_features(const struct ga_client *c)
{
	return c->features;
}

static struct grpc_stream *
ga_client_call(struct ga_client *c, const char *method, const struct grpc_stream_ops *ops, void *ctx, struct error *err)
{
	struct grpc_stream *s = grpc_call(c->conn, method, ops, ctx);

	if (!s)
		error_set(err, EAGAIN, "guest agent: takes no more calls");
	return s;
}

/* A request of one message. */
static void
ga_client_request(struct grpc_stream *s, const struct buf *b)
{
	grpc_send(s, &(struct iovec){ b->s, b->len }, 1);
	grpc_end(s);
}

/* A message that made no sense, as the status of its call. */
static struct grpc_status
ga_client_damaged(const struct error *err)
{
	struct grpc_status why = { .code = GRPC_INTERNAL };

	ga_printable(why.text, sizeof why.text, err->msg, strlen(err->msg));
	return why;
}

static void
unary_message(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_unary *u = ctx;

	(void)s;
	if (!u->answered)
		buf_add(&u->answer, p, len);
	u->answered = true;
}

static void
unary_closed(void *ctx, const struct grpc_status *why)
{
	static const struct grpc_status none = { GRPC_INTERNAL, "no answer" };
	struct ga_unary *u = ctx;
	AUTO(buf) answer = u->answer;
	bool answered = u->answered;

	/* The call may be made again from within done() */
	u->answer = (struct buf)BUF_INIT;
	u->answered = false;
	u->s = NULL;
	if (!why->code && !answered)
		why = &none;
	u->done(u->c, answer.s, answer.len, why->code ? why : NULL);
}

static int
ga_client_unary(struct ga_unary *u, struct ga_client *c, const char *method, const struct buf *b, struct error *err)
{
	static const struct grpc_stream_ops ops = { .message = unary_message, .closed = unary_closed };

	if (u->s)
		return error_set(err, EBUSY, "%s: is under way", method);
	u->c = c;
	u->s = ga_client_call(c, method, &ops, u, err);
	if (!u->s)
		return -1;
	ga_client_request(u->s, b);
	return 0;
}

static void
info_done(struct ga_client *c, const void *p, size_t len, const struct grpc_status *why)
{
	struct grpc_status bad;
	AUTO(ga_info) info = { 0 };
	struct error err;

	if (!why && ga_info_get(&info, p, len, &err) < 0) {
		bad = ga_client_damaged(&err);
		why = &bad;
	}
	if (!why)
		c->features = info.features;
	if (c->ops->info)
		c->ops->info(c->ctx, why ? NULL : &info, why);
}

int
ga_client_get_info(struct ga_client *c, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	c->info.done = info_done;
	return ga_client_unary(&c->info, c, GA_METHOD_INFO, &b, err);
}

static void
time_done(struct ga_client *c, const void *p, size_t len, const struct grpc_status *why)
{
	struct ga_time_answer answer;
	struct grpc_status bad;
	struct error err;

	if (!why && ga_time_answer_get(&answer, p, len, &err) < 0) {
		bad = ga_client_damaged(&err);
		why = &bad;
	}
	if (c->ops->time)
		c->ops->time(c->ctx, why ? NULL : &answer, why);
}

int
ga_client_sync_time(struct ga_client *c, const struct timespec *now, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	ga_time_put(&b, now);
	c->time.done = time_done;
	return ga_client_unary(&c->time, c, GA_METHOD_TIME, &b, err);
}

static void
watch_closed(void *ctx, const struct grpc_status *why)
{
	struct ga_client *c = ctx;

	c->watch = NULL;
	if (c->ops->watch_ended)
		c->ops->watch_ended(c->ctx, why);
}

static void
watch_message(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_client *c = ctx;
	AUTO(ga_event) ev = { 0 };
	struct error err;

	if (ga_event_get(&ev, p, len, &err) < 0) {
		struct grpc_status why = ga_client_damaged(&err);

		grpc_reset(s);
		watch_closed(c, &why);
	} else if (c->ops->event) {
		c->ops->event(c->ctx, &ev);
	}
}

int
ga_client_watch(struct ga_client *c, struct error *err)
{
	static const struct grpc_stream_ops ops = { .message = watch_message, .closed = watch_closed };
	AUTO(buf) b = BUF_INIT;

	if (c->watch)
		return error_set(err, EBUSY, "%s: is under way", GA_METHOD_EVENTS);
	c->watch = ga_client_call(c, GA_METHOD_EVENTS, &ops, c, err);
	if (!c->watch)
		return -1;
	ga_watch_put(&b, GA_WATCH_SNAPSHOT | GA_WATCH_BOOT);
	ga_client_request(c->watch, &b);
	return 0;
}

void
ga_client_pause_events(struct ga_client *c, bool paused)
{
	if (c->watch)
		grpc_pause(c->watch, paused);
}

static void
inotify_closed(void *ctx, const struct grpc_status *why)
{
	(void)why;
	((struct ga_client *)ctx)->inotify = NULL;	/* the next one opens it anew */
}

int
ga_client_inotify(struct ga_client *c, const char *path, const struct timespec *mtime, struct error *err)
{
	static const struct grpc_stream_ops ops = { .closed = inotify_closed };
	AUTO(buf) b = BUF_INIT;

	if (!c->inotify)
		c->inotify = ga_client_call(c, GA_METHOD_INOTIFY, &ops, c, err);
	if (!c->inotify)
		return -1;
	if (grpc_queued(c->inotify) > INOTIFY_QUEUE)
		return error_set(err, EAGAIN, "guest agent: does not take file events");
	ga_inotify_put(&b, path, mtime);
	grpc_send(c->inotify, &(struct iovec){ b.s, b.len }, 1);
	return 0;
}
