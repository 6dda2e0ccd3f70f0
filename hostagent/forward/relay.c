#include "hostagent/forward/relay.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hostagent/agent.h"
#include "providers/ssh/ssh_link.h"

enum { CHUNK = 32768 };

static void
relay_end(struct relay *r, bool by_guest)
{
	if (!r->stopped)
		r->ended(r, by_guest);
}

/* Outside of a step of the connection's: what is to be sent has to be polled for. */
static void
relay_go_on(struct relay *r)
{
	if (r->stopped || !mux_link(r->agent))
		return;
	if (!relay_step(r))
		relay_end(r, true);
	mux_touched(r->agent);
}

static void
relay_on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct relay *r = h->data;

	(void)size;
	if (!r->in)
		r->in = xrealloc(NULL, 1, CHUNK);
	*b = uv_buf_init(r->in, CHUNK);
}

static void
relay_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct relay *r = s->data;

	(void)b;
	if (n == 0)
		return;
	if (n < 0) {
		relay_end(r, false);
		return;
	}
	uv_read_stop(s);
	r->reading = false;
	r->in_pos = 0;
	r->in_len = (size_t)n;
	relay_go_on(r);
}

/* From the host to the guest. */
static bool
relay_push(struct relay *r)
{
	while (r->in_pos < r->in_len) {
		ssize_t n = ssh_channel_write(r->channel, r->in + r->in_pos, r->in_len - r->in_pos);

		if (n <= 0)
			return n == 0;
		r->in_pos += (size_t)n;
	}
	if (r->reading)
		return true;
	/* An idle relay holds no buffer. */
	free(r->in);
	r->in = NULL;
	r->in_len = r->in_pos = 0;
	r->reading = uv_read_start(r->stream, relay_on_alloc, relay_on_read) == 0;
	return r->reading;
}

static void
relay_on_written(uv_write_t *w, int status)
{
	struct relay *r = w->data;

	free(r->out);
	r->out = NULL;
	if (status < 0)
		relay_end(r, false);
	else
		relay_go_on(r);
}

static bool
write_later(struct relay *r, const char *p, size_t len)
{
	uv_buf_t b;

	r->out = xrealloc(NULL, 1, len);
	memcpy(r->out, p, len);
	b = uv_buf_init(r->out, (unsigned)len);
	r->write.data = r;
	if (uv_write(&r->write, r->stream, &b, 1, relay_on_written) == 0)
		return true;
	free(r->out);
	r->out = NULL;
	return false;
}

/* From the guest to the host. */
static bool
relay_pull(struct relay *r)
{
	char chunk[CHUNK];

	while (!r->out) {
		ssize_t n = ssh_channel_read(r->channel, 0, chunk, sizeof chunk);
		uv_buf_t b = uv_buf_init(chunk, n > 0 ? (unsigned)n : 0);
		int w;

		if (n <= 0)
			return n == 0;
		w = uv_try_write(r->stream, &b, 1);
		if (w < 0 && w != UV_EAGAIN)
			return false;
		if (w < n && !write_later(r, chunk + (w < 0 ? 0 : w), (size_t)(n - (w < 0 ? 0 : w))))
			return false;
	}
	return true;
}

bool
relay_step(struct relay *r)
{
	return relay_pull(r) && relay_push(r);
}

void
relay_stop(struct relay *r)
{
	r->stopped = true;
	uv_read_stop(r->stream);
	free(r->in);
	r->in = NULL;
	r->in_len = r->in_pos = 0;
}
