/* hostagent/drivers/fake/transport.c - a connection to a port of the guest that the fake machine plays: by its control socket. */
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/drivers/fake/fake.h"
#include "hostagent/forward/endpoint.h"
#include "hostagent/forward/write_queue.h"

struct fake_transport {
	struct transport c;
	uv_pipe_t pipe;
	uv_connect_t connect;
	struct outq out;
	char words[64];
	char chunk[4096];
	bool opened, over;
};

static void
on_gone(uv_handle_t *h)
{
	struct fake_transport *f = h->data;

	outq_release(&f->out);
	free(f);
}

static void
fake_close(struct transport *c)
{
	struct fake_transport *f = (struct fake_transport *)c;

	if (!f->over)
		uv_close((uv_handle_t *)&f->pipe, on_gone);
	f->over = true;
}

static void
fake_over(struct fake_transport *f)
{
	const struct transport_user *user = f->c.user;
	void *ctx = f->c.ctx;
	bool unopened = !f->opened;

	if (f->over)
		return;
	fake_close(&f->c);
	user->closed(ctx, unopened);
}

static bool
fake_write(struct transport *c, const char *p, size_t len)
{
	return outq_write(&((struct fake_transport *)c)->out, p, len);
}

static bool
fake_shutdown(struct transport *c)
{
	outq_shutdown(&((struct fake_transport *)c)->out);
	return true;
}

static void
fake_transport_on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct fake_transport *f = h->data;

	(void)size;
	*b = uv_buf_init(f->chunk, sizeof f->chunk);
}

static void
fake_transport_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct fake_transport *f = s->data;
	const char *p = b->base;

	if (n < 0) {
		fake_over(f);
		return;
	}
	if (n && !f->opened) {
		/* "ok" comes in one piece, and whatever the port says behind it */
		if (n < 3 || memcmp(p, "ok\n", 3) != 0) {
			fake_over(f);
			return;
		}
		f->opened = f->c.ready = true;
		f->c.user->open(f->c.ctx);
		p += 3;
		n -= 3;
	}
	if (n && !f->over)
		f->c.user->data(f->c.ctx, p, (size_t)n);
}

static void
fake_pause(struct transport *c, bool paused)
{
	struct fake_transport *f = (struct fake_transport *)c;

	if (paused)
		uv_read_stop((uv_stream_t *)&f->pipe);
	else
		uv_read_start((uv_stream_t *)&f->pipe, fake_transport_on_alloc, fake_transport_on_read);
}

static void
fake_transport_on_connect(uv_connect_t *c, int status)
{
	struct fake_transport *f = c->data;

	if (f->over)
		return;
	if (status < 0 || uv_read_start((uv_stream_t *)&f->pipe, fake_transport_on_alloc, fake_transport_on_read) < 0)
		fake_over(f);
	else
		outq_write(&f->out, f->words, strlen(f->words));
}

static void
out_drained(void *ctx)
{
	struct fake_transport *f = ctx;

	if (f->opened && !f->over)
		f->c.user->drained(f->c.ctx);
}

static void
out_failed(void *ctx)
{
	fake_over(ctx);
}

struct transport *
transport_fake(struct agent *a, const struct endpoint *to, const struct transport_user *user, void *ctx)
{
	static const struct transport_ops ops = { fake_write, fake_shutdown, fake_pause, fake_close };
	struct fake_transport *f = xcalloc(1, sizeof *f);
	auto_free char *socket = xasprintf("%s/fake.sock", a->launch.dir);

	f->c = (struct transport){ .ops = &ops, .user = user, .ctx = ctx };
	snprintf(f->words, sizeof f->words, "connect %d\n", to->port);
	uv_pipe_init(&a->loop, &f->pipe, 0);
	f->pipe.data = f->connect.data = f;
	outq_init(&f->out, (uv_stream_t *)&f->pipe, out_drained, out_failed, f);
	uv_pipe_connect(&f->connect, &f->pipe, socket, fake_transport_on_connect);
	return &f->c;
}
