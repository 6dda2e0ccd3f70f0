#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "base/auto.h"
#include "guest/wire/ga_msg.h"
#include "guest/wire/grpc_impl.h"

#define OUT_MAX (64 << 10)	/* serialise no further ahead of the transport */

static nghttp2_nv
grpc_send_field(const char *name, const char *value)
{
	return (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)name, .namelen = strlen(name),
			     .value = (uint8_t *)(uintptr_t)value, .valuelen = strlen(value) };
}

/* A frame is no larger than the other side takes, the windows, and what is fair to other streams. */
ssize_t
grpc_on_frame_size(nghttp2_session *ng, uint8_t type, int32_t id, int32_t conn_window, int32_t stream_window,
		   uint32_t max_frame, void *user)
{
	int32_t n = GRPC_FRAME;

	(void)ng, (void)type, (void)id, (void)user;
	n = n < conn_window ? n : conn_window;
	n = n < stream_window ? n : stream_window;
	return (uint32_t)n < max_frame ? n : (ssize_t)max_frame;
}

static void
submit_trailers(struct grpc_stream *s)
{
	char code[16];
	nghttp2_nv nv[2];

	snprintf(code, sizeof code, "%d", s->status.code);
	nv[0] = grpc_send_field("grpc-status", code);
	nv[1] = grpc_send_field("grpc-message", s->status.text);
	nghttp2_submit_trailer(s->c->ng, s->id, nv, ARRAY_LEN(nv));
}

/* nghttp2 asks how much it may put into the next frame. */
ssize_t
grpc_on_read(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t len, uint32_t *flags, nghttp2_data_source *src,
	     void *user)
{
	struct grpc_stream *s = src->ptr;
	size_t have = s->q.len - s->q_off;

	(void)ng, (void)id, (void)buf, (void)user;
	if (!have && !s->ending) {
		s->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (s->ending && have <= len) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (s->c->server) {
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			submit_trailers(s);
		}
	}
	return (ssize_t)(have < len ? have : len);
}

/* nghttp2 says: now. The frame goes from the stream's queue to the connection's output without its help. */
int
grpc_on_send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *head, size_t len, nghttp2_data_source *src,
		  void *user)
{
	struct grpc_stream *s = src->ptr;
	struct grpc_conn *c = user;

	(void)ng, (void)frame;
	assert(len <= s->q.len - s->q_off && !frame->data.padlen);
	if (c->out.len - c->out_off >= OUT_MAX)
		return NGHTTP2_ERR_WOULDBLOCK;
	buf_add(&c->out, head, 9);
	buf_add(&c->out, s->q.s + s->q_off, len);
	s->q_off += len;
	if (s->q_off == s->q.len) {
		buf_truncate(&s->q, 0);
		s->q_off = 0;
	}
	if (s->full && grpc_queued(s) <= GRPC_LOW && !s->in_drained) {
		s->in_drained = true;
		s->next_drained = c->drained;
		c->drained = s;
	}
	return 0;
}

void
grpc_leave_drained(struct grpc_stream *s)
{
	for (struct grpc_stream **p = &s->c->drained; s->in_drained && *p; p = &(*p)->next_drained)
		if (*p == s) {
			*p = s->next_drained;
			break;
		}
	s->in_drained = false;
}

void
grpc_run_drained(struct grpc_conn *c)
{
	while (c->drained) {
		struct grpc_stream *s = c->drained;

		c->drained = s->next_drained;
		s->in_drained = s->full = false;
		if (s->ops && s->ops->drained)
			s->ops->drained(s->ctx, s);
	}
}

size_t
grpc_output(struct grpc_conn *c, const uint8_t **p)
{
	assert(!c->busy);
	if (c->out_off == c->out.len) {
		buf_truncate(&c->out, 0);
		c->out_off = 0;
	}
	c->busy = true;
	while (!c->dead && c->out.len - c->out_off < OUT_MAX) {
		const uint8_t *piece;
		ssize_t n = nghttp2_session_mem_send(c->ng, &piece);

		if (n < 0)
			c->dead = true;
		if (n <= 0)
			break;
		buf_add(&c->out, piece, (size_t)n);
	}
	grpc_run_drained(c);
	c->busy = false;
	*p = (const uint8_t *)c->out.s + c->out_off;
	return c->out.len - c->out_off;
}

void
grpc_sent(struct grpc_conn *c, size_t len)
{
	assert(len <= c->out.len - c->out_off);
	c->out_off += len;
	/* An idle connection holds no large buffer after a burst. */
	if (c->out_off == c->out.len && !nghttp2_session_want_write(c->ng)) {
		buf_release(&c->out);
		c->out_off = 0;
	}
}

int
grpc_submit_request(struct grpc_stream *s, const char *method)
{
	nghttp2_data_provider provider = { .source.ptr = s, .read_callback = grpc_on_read };
	nghttp2_nv nv[] = {
		grpc_send_field(":method", "POST"), grpc_send_field(":scheme", "http"), grpc_send_field(":path", method), grpc_send_field(":authority", "lima"),
		grpc_send_field("content-type", "application/grpc"), grpc_send_field("te", "trailers"),
	};

	return nghttp2_submit_request(s->c->ng, NULL, nv, ARRAY_LEN(nv), &provider, s);
}

static void
grpc_send_respond(struct grpc_stream *s)
{
	nghttp2_data_provider provider = { .source.ptr = s, .read_callback = grpc_on_read };
	nghttp2_nv nv[] = { grpc_send_field(":status", "200"), grpc_send_field("content-type", "application/grpc") };

	s->responded = true;
	nghttp2_submit_response(s->c->ng, s->id, nv, ARRAY_LEN(nv), &provider);
}

static void
grpc_send_resume(struct grpc_stream *s)
{
	if (!s->deferred)
		return;
	s->deferred = false;
	nghttp2_session_resume_data(s->c->ng, s->id);
}

void
grpc_send(struct grpc_stream *s, const struct iovec *v, int n)
{
	size_t len = 0;

	assert(!s->ending && s->ops);
	for (int i = 0; i < n; i++)
		len += v[i].iov_len;
	if (s->q_off > GRPC_HIGH) {
		memmove(s->q.s, s->q.s + s->q_off, s->q.len - s->q_off);
		buf_truncate(&s->q, s->q.len - s->q_off);
		s->q_off = 0;
	}
	buf_reserve(&s->q, 5 + len);
	buf_add(&s->q, (const char[5]){ 0, (char)(len >> 24), (char)(len >> 16), (char)(len >> 8), (char)len }, 5);
	for (int i = 0; i < n; i++)
		buf_add(&s->q, v[i].iov_base, v[i].iov_len);
	if (grpc_queued(s) > GRPC_HIGH)
		s->full = true;
	if (s->c->server && !s->responded)
		grpc_send_respond(s);
	grpc_send_resume(s);
}

size_t
grpc_queued(const struct grpc_stream *s)
{
	return s->q.len - s->q_off;
}

void
grpc_end(struct grpc_stream *s)
{
	assert(!s->c->server);
	s->ending = true;
	grpc_send_resume(s);
}

/* A response of status alone is one header block that ends the stream. */
static void
respond_status(struct grpc_stream *s)
{
	char code[16];
	nghttp2_nv nv[4];

	snprintf(code, sizeof code, "%d", s->status.code);
	nv[0] = grpc_send_field(":status", "200");
	nv[1] = grpc_send_field("content-type", "application/grpc");
	nv[2] = grpc_send_field("grpc-status", code);
	nv[3] = grpc_send_field("grpc-message", s->status.text);
	nghttp2_submit_response(s->c->ng, s->id, nv, ARRAY_LEN(nv), NULL);
}

void
grpc_finish(struct grpc_stream *s, int code, const char *text)
{
	assert(s->c->server && !s->ending);
	s->ops = NULL;
	s->ending = true;
	s->status.code = code;
	ga_printable(s->status.text, sizeof s->status.text, text, strlen(text));
	for (char *c = s->status.text; *c; c++)
		if (*c == '%')	/* the escape character of grpc-message */
			*c = '?';
	if (s->responded)
		grpc_send_resume(s);
	else
		respond_status(s);
}
