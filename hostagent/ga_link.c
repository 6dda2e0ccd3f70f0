#include "hostagent/ga_link.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "guest/wire/ga_client.h"
#include "guest/wire/grpc.h"

enum { FRAME_MAX = GRPC_FRAME + 9 };

/* It outlives its turn until libuv has closed it. */
struct ga_link {
	uv_pipe_t pipe;
	uv_connect_t connect;
	uv_write_t write;
	const struct ga_link_user *user;	/* NULL: closed */
	void *ctx;
	char *chunk;
	size_t chunk_size;
	struct ga_client *client;
	size_t writing;
	bool feeding;		/* inside of the client */
	bool again;		/* ... where it was found to be of no more use */
};

struct ga_client *
ga_link_client(struct ga_link *l)
{
	return l->client;
}

static void
ga_link_lost(struct ga_link *l, const char *why)
{
	l->user->lost(l->ctx, why);
}

static void
ga_link_on_written(uv_write_t *w, int status)
{
	struct ga_link *l = w->data;

	if (!l->user)
		return;
	ga_client_sent(l->client, l->writing);
	l->writing = 0;
	if (status < 0)
		ga_link_lost(l, uv_strerror(status));
	else
		ga_link_flush(l);
}

void
ga_link_flush(struct ga_link *l)
{
	const uint8_t *p;
	size_t n;

	if (l->feeding)
		return;
	while (!l->writing && (n = ga_client_output(l->client, &p))) {
		uv_buf_t b = uv_buf_init((char *)(uintptr_t)p, (unsigned)n);
		int done = uv_try_write((uv_stream_t *)&l->pipe, &b, 1);

		if (done > 0) {
			ga_client_sent(l->client, (size_t)done);
			continue;
		}
		l->writing = n;
		l->write.data = l;
		if (uv_write(&l->write, (uv_stream_t *)&l->pipe, &b, 1, ga_link_on_written) < 0)
			l->writing = 0;
		return;
	}
}

void
ga_link_resync(struct ga_link *l)
{
	static const char zeros[FRAME_MAX];
	uv_buf_t b = uv_buf_init((char *)(uintptr_t)zeros, sizeof zeros);

	/* A new connection has room for these bytes. */
	(void)uv_try_write((uv_stream_t *)&l->pipe, &b, 1);
}

void
ga_link_give_up(struct ga_link *l)
{
	l->again = true;
}

static void
ga_link_on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct ga_link *l = h->data;

	(void)size;
	*b = l->user ? uv_buf_init(l->chunk, (unsigned)l->chunk_size) : uv_buf_init(NULL, 0);
}

static void
ga_link_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct ga_link *l = s->data;
	struct error e = { .msg = "it began anew" };
	int r;

	if (!l->user || n == 0)
		return;
	if (n < 0) {
		ga_link_lost(l, n == UV_EOF ? "the machine closed its port" : uv_strerror((int)n));
		return;
	}
	l->feeding = true;
	r = ga_client_feed(l->client, b->base, (size_t)n, &e);
	l->feeding = false;
	if (!l->user)
		return;
	ga_link_flush(l);
	if (r < 0 || l->again || ga_client_done(l->client))
		ga_link_lost(l, e.msg);
}

static void
ga_link_on_connect(uv_connect_t *c, int status)
{
	struct ga_link *l = c->data;

	if (!l->user)
		return;
	if (status == 0)
		status = uv_read_start((uv_stream_t *)&l->pipe, ga_link_on_alloc, ga_link_on_read);
	if (status < 0)
		ga_link_lost(l, uv_strerror(status));
	else
		l->user->connected(l->ctx);
}

struct ga_link *
ga_link_open(uv_loop_t *loop, const char *path, char *chunk, size_t size, const struct ga_link_user *user,
	     const struct ga_client_ops *ops, void *ctx)
{
	struct ga_link *l = xcalloc(1, sizeof *l);

	*l = (struct ga_link){ .user = user, .ctx = ctx, .chunk = chunk, .chunk_size = size, .client = ga_client_new(ops, ctx) };
	uv_pipe_init(loop, &l->pipe, 0);
	l->pipe.data = l->connect.data = l;
	uv_pipe_connect(&l->connect, &l->pipe, path, ga_link_on_connect);
	return l;
}

static void
ga_link_on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
ga_link_close(struct ga_link *l, const char *why)
{
	struct ga_client *client = l->client;

	l->user = NULL;
	l->client = NULL;
	uv_close((uv_handle_t *)&l->pipe, ga_link_on_closed);
	ga_client_free(client, why);
}
