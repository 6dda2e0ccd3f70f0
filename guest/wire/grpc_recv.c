#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "guest/wire/ga_msg.h"
#include "guest/wire/grpc_impl.h"

#define HEAD 5			/* of a message: compressed flag, length */
#define FIELDS_MAX 64		/* header fields of one stream */
#define WIDE_AFTER (32 << 10)
#define WIDE_WINDOW (1 << 20)

/* The other side did something that ends this one stream. */
static void
grpc_recv_fail(struct grpc_stream *s, int code, const char *text)
{
	struct grpc_status why = { .code = code };
	bool ending = s->ending;

	ga_printable(why.text, sizeof why.text, text, strlen(text));
	grpc_close_stream(s, &why);
	if (s->c->server && !ending)
		grpc_finish(s, code, text);
	else
		nghttp2_submit_rst_stream(s->c->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
}

static void
grpc_recv_deliver(struct grpc_stream *s, const uint8_t *head, const uint8_t *p, size_t len)
{
	if (head[0])
		grpc_recv_fail(s, GRPC_UNIMPLEMENTED, "compressed message");
	else if (s->ops->message)
		s->ops->message(s->ctx, s, p, len);
}

static size_t
length_of(const uint8_t *head)
{
	return (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
}

/* The head of a message has come: may the rest? */
static bool
grpc_recv_expect(struct grpc_stream *s, size_t len)
{
	struct grpc_conn *c = s->c;

	if (len > c->limits.message_max || len > c->limits.partial_max - c->partial) {
		grpc_recv_fail(s, GRPC_EXHAUSTED, "message too long");
		return false;
	}
	s->need = len;
	c->partial += len;
	return true;
}

/* Adds to a message that comes in part; returns how much of the input it took. */
static size_t
grpc_recv_collect(struct grpc_stream *s, const uint8_t *p, size_t len)
{
	size_t want = HEAD + (s->part.len < HEAD ? 0 : s->need), n = want - s->part.len;
	AUTO(buf) whole = BUF_INIT;

	n = n < len ? n : len;
	buf_add(&s->part, p, n);
	if (s->part.len < HEAD)
		return n;
	if (!s->need && s->part.len == HEAD && !grpc_recv_expect(s, length_of((const uint8_t *)s->part.s)))
		return n;
	if (s->part.len < HEAD + s->need)
		return n;
	whole = s->part;
	s->part = (struct buf)BUF_INIT;
	s->c->partial -= s->need;
	s->need = 0;
	grpc_recv_deliver(s, (const uint8_t *)whole.s, (const uint8_t *)whole.s + HEAD, whole.len - HEAD);
	return n;
}

static void
grpc_recv_receive(struct grpc_stream *s, const uint8_t *p, size_t len)
{
	while (len && s->ops) {
		size_t n;

		if (!s->part.len && len >= HEAD && length_of(p) <= len - HEAD && length_of(p) <= s->c->limits.message_max) {
			n = HEAD + length_of(p);
			grpc_recv_deliver(s, p, p + HEAD, n - HEAD);
		} else {
			n = grpc_recv_collect(s, p, len);
		}
		p += n;
		len -= n;
	}
}

/* A stream that is read as fast as it comes gets a larger window, as long as few have one. */
static void
grpc_recv_widen(struct grpc_stream *s)
{
	struct grpc_conn *c = s->c;

	if (s->wide || s->paused || s->received < WIDE_AFTER || c->wide >= GRPC_WIDE)
		return;
	s->wide = true;
	c->wide++;
	nghttp2_session_set_local_window_size(c->ng, NGHTTP2_FLAG_NONE, s->id, WIDE_WINDOW);
}

static int
grpc_recv_on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p, size_t len, void *user)
{
	struct grpc_stream *s = nghttp2_session_get_stream_user_data(ng, id);

	(void)flags, (void)user;
	nghttp2_session_consume_connection(ng, len);
	if (!s)
		return 0;
	grpc_recv_receive(s, p, len);
	s->received += len;
	if (s->paused)
		s->unread += len;
	else
		nghttp2_session_consume_stream(ng, id, len);
	grpc_recv_widen(s);
	return 0;
}

static int
on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct grpc_conn *c = user;
	struct grpc_stream *s;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	if (c->streams_n >= c->limits.streams_max)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	s = grpc_stream_new(c);
	s->id = frame->hd.stream_id;
	nghttp2_session_set_stream_user_data(ng, s->id, s);
	return 0;
}

static bool
grpc_recv_is(const uint8_t *p, size_t len, const char *s)
{
	return len == strlen(s) && !memcmp(p, s, len);
}

/* -1 unless it is a number of at most three digits */
static int
grpc_recv_number(const uint8_t *p, size_t len)
{
	int n = 0;

	if (!len || len > 3)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		n = n * 10 + p[i] - '0';
	}
	return n;
}

static void
request_field(struct grpc_stream *s, const uint8_t *name, size_t name_len, const uint8_t *value, size_t len)
{
	if (grpc_recv_is(name, name_len, ":method"))
		s->post = grpc_recv_is(value, len, "POST");
	else if (grpc_recv_is(name, name_len, ":path"))
		ga_printable(s->method, sizeof s->method, value, len < sizeof s->method ? len : 0);
}

static void
response_field(struct grpc_stream *s, const uint8_t *name, size_t name_len, const uint8_t *value, size_t len)
{
	if (grpc_recv_is(name, name_len, ":status")) {
		s->http_status = grpc_recv_number(value, len);
	} else if (grpc_recv_is(name, name_len, "grpc-status")) {
		int n = grpc_recv_number(value, len);

		s->status_known = true;
		s->status.code = n < 0 ? GRPC_UNKNOWN : n;
	} else if (grpc_recv_is(name, name_len, "grpc-message")) {
		ga_printable(s->status.text, sizeof s->status.text, value, len);
	}
}

static int
on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t name_len, const uint8_t *value,
	  size_t len, uint8_t flags, void *user)
{
	struct grpc_stream *s = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
	struct grpc_conn *c = user;

	(void)flags;
	if (frame->hd.type != NGHTTP2_HEADERS || !s)
		return 0;
	if (++s->fields > FIELDS_MAX)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (!c->server)
		response_field(s, name, name_len, value, len);
	else if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		request_field(s, name, name_len, value, len);
	return 0;
}

static void
start_call(struct grpc_stream *s)
{
	static const struct grpc_stream_ops none = { 0 };

	s->ops = &none;		/* until it is accepted */
	if (!s->post || s->method[0] != '/')
		grpc_finish(s, GRPC_UNIMPLEMENTED, "no such method");
	else
		s->c->call(s->c->ctx, s, s->method);
}

/* Client: the server sent its last. */
static void
server_ended(struct grpc_stream *s)
{
	if (!s->status_known) {
		s->status.code = s->http_status == 200 ? GRPC_INTERNAL : GRPC_UNAVAILABLE;
		snprintf(s->status.text, sizeof s->status.text, "no status");
	}
	grpc_close_stream(s, &s->status);
	if (!nghttp2_session_get_stream_local_close(s->c->ng, s->id))
		nghttp2_submit_rst_stream(s->c->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
}

static int
on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct grpc_conn *c = user;
	struct grpc_stream *s;

	if (frame->hd.type == NGHTTP2_GOAWAY)
		c->refused = true;
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	s = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
	if (!s)
		return 0;
	if (c->server && frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		start_call(s);
	if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	if (!c->server)
		server_ended(s);
	else if (s->ops && s->ops->end)
		s->ops->end(s->ctx, s);
	return 0;
}

static int
on_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
	struct grpc_conn *c = user;

	/* The server has ended the call, which the client learns if it has not. */
	if (c->server && frame->hd.type == NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) &&
	    nghttp2_session_get_stream_remote_close(ng, frame->hd.stream_id) == 0)
		nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
	return 0;
}

static int
grpc_recv_on_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user)
{
	struct grpc_stream *s = nghttp2_session_get_stream_user_data(ng, id);
	struct grpc_status why = { 0 };

	(void)user;
	if (!s)
		return 0;
	if (code == NGHTTP2_CANCEL || code == NGHTTP2_NO_ERROR)
		why = (struct grpc_status){ GRPC_CANCELLED, "cancelled" };
	else
		why = (struct grpc_status){ GRPC_UNAVAILABLE, "stream reset" };
	grpc_close_stream(s, &why);
	grpc_stream_free(s);
	return 0;
}

void
grpc_set_callbacks(nghttp2_session_callbacks *cb)
{
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_sent);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, grpc_recv_on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, grpc_recv_on_close);
	nghttp2_session_callbacks_set_send_data_callback(cb, grpc_on_send_data);
	nghttp2_session_callbacks_set_data_source_read_length_callback(cb, grpc_on_frame_size);
}
