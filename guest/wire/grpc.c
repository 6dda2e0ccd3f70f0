#include "guest/wire/grpc.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "guest/wire/ga_msg.h"
#include "guest/wire/grpc_impl.h"

#define CONN_WINDOW (4 << 20)
#define QUEUE_MAX 16384		/* frames of nghttp2's own that wait to be sent */

struct grpc_stream *
grpc_stream_new(struct grpc_conn *c)
{
	struct grpc_stream *s = xcalloc(1, sizeof *s);

	s->c = c;
	s->part = s->q = (struct buf)BUF_INIT;
	s->next = c->streams;
	if (s->next)
		s->next->prev = s;
	c->streams = s;
	c->streams_n++;
	return s;
}

void
grpc_stream_free(struct grpc_stream *s)
{
	struct grpc_conn *c = s->c;

	if (s->prev)
		s->prev->next = s->next;
	else
		c->streams = s->next;
	if (s->next)
		s->next->prev = s->prev;
	grpc_leave_drained(s);
	c->streams_n--;
	c->partial -= s->need;
	c->wide -= s->wide;
	buf_release(&s->part);
	buf_release(&s->q);
	free(s);
}

/* Tells the owner that it is over. */
void
grpc_close_stream(struct grpc_stream *s, const struct grpc_status *why)
{
	const struct grpc_stream_ops *ops = s->ops;

	s->ops = NULL;
	if (ops && ops->closed)
		ops->closed(s->ctx, why);
}

static void
open_session(struct grpc_conn *c)
{
	nghttp2_settings_entry set[] = {
		{ NGHTTP2_SETTINGS_MAX_FRAME_SIZE, GRPC_FRAME },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 16 << 10 },
		{ c->server ? NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS : NGHTTP2_SETTINGS_ENABLE_PUSH,
		  c->server ? c->limits.streams_max : 0 },
	};
	nghttp2_session_callbacks *cb;
	nghttp2_option *o;

	if (nghttp2_session_callbacks_new(&cb) || nghttp2_option_new(&o))
		abort();
	grpc_set_callbacks(cb);
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_http_messaging(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	if ((c->server ? nghttp2_session_server_new2 : nghttp2_session_client_new2)(&c->ng, cb, c, o))
		abort();
	nghttp2_option_del(o);
	nghttp2_session_callbacks_del(cb);
	nghttp2_submit_settings(c->ng, NGHTTP2_FLAG_NONE, set, ARRAY_LEN(set));
	nghttp2_session_set_local_window_size(c->ng, NGHTTP2_FLAG_NONE, 0, CONN_WINDOW);
}

static struct grpc_conn *
grpc_conn_new(const struct grpc_limits *limits, bool server)
{
	struct grpc_conn *c = xcalloc(1, sizeof *c);

	c->server = server;
	c->limits = *limits;
	c->out = (struct buf)BUF_INIT;
	open_session(c);
	return c;
}

struct grpc_conn *
grpc_client_new(const struct grpc_limits *limits)
{
	return grpc_conn_new(limits, false);
}

struct grpc_conn *
grpc_server_new(const struct grpc_limits *limits, grpc_call_fn *call, void *ctx)
{
	struct grpc_conn *c = grpc_conn_new(limits, true);

	c->call = call;
	c->ctx = ctx;
	return c;
}

void
grpc_conn_free(struct grpc_conn *c, const char *why)
{
	struct grpc_status status = { .code = GRPC_UNAVAILABLE };

	if (!c)
		return;
	assert(!c->busy);
	c->busy = c->refused = true;
	ga_printable(status.text, sizeof status.text, why, strlen(why));
	for (struct grpc_stream *s = c->streams; s; s = s->next)
		grpc_close_stream(s, &status);
	while (c->streams)
		grpc_stream_free(c->streams);
	nghttp2_session_del(c->ng);
	buf_release(&c->out);
	free(c);
}

int
grpc_feed(struct grpc_conn *c, const void *p, size_t len, struct error *err)
{
	ssize_t n;

	assert(!c->busy);
	if (c->dead)
		return error_set(err, EPROTO, "the connection is over");
	c->busy = true;
	n = nghttp2_session_mem_recv(c->ng, p, len);
	c->busy = false;
	if (n < 0) {
		c->dead = true;
		return error_set(err, EPROTO, "HTTP/2: %s", nghttp2_strerror((int)n));
	}
	if (nghttp2_session_get_outbound_queue_size(c->ng) > QUEUE_MAX) {
		c->dead = true;
		return error_set(err, EPROTO, "HTTP/2: asks much and reads nothing");
	}
	return 0;
}

bool
grpc_done(const struct grpc_conn *c)
{
	return c->dead || !nghttp2_session_want_read(c->ng);
}

size_t
grpc_streams(const struct grpc_conn *c)
{
	return c->streams_n;
}

struct grpc_stream *
grpc_call(struct grpc_conn *c, const char *method, const struct grpc_stream_ops *ops, void *ctx)
{
	struct grpc_stream *s;

	assert(!c->server);
	if (c->dead || c->refused || c->streams_n >= c->limits.streams_max)
		return NULL;
	s = grpc_stream_new(c);
	s->id = grpc_submit_request(s, method);
	if (s->id < 0) {
		grpc_stream_free(s);
		return NULL;
	}
	grpc_accept(s, ops, ctx);
	return s;
}

void
grpc_accept(struct grpc_stream *s, const struct grpc_stream_ops *ops, void *ctx)
{
	s->ops = ops;
	s->ctx = ctx;
}

void
grpc_reset(struct grpc_stream *s)
{
	s->ops = NULL;
	nghttp2_submit_rst_stream(s->c->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
}

void
grpc_pause(struct grpc_stream *s, bool paused)
{
	s->paused = paused;
	if (!paused && s->unread) {
		nghttp2_session_consume_stream(s->c->ng, s->id, s->unread);
		s->unread = 0;
	}
}
