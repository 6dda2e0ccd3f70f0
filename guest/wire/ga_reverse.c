#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "guest/wire/ga_client_impl.h"

struct ga_reverse {
	struct grpc_stream *s;
	const struct ga_reverse_ops *ops;
	void *ctx;
};

static void
ga_reverse_on_message(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_reverse *d = ctx;
	uint64_t id;

	(void)s;
	if (ga_accepted_get(&id, p, len, NULL) == 0)
		d->ops->accepted(d->ctx, id);
}

static void
ga_reverse_on_closed(void *ctx, const struct grpc_status *why)
{
	struct ga_reverse *d = ctx;
	const struct ga_reverse_ops *ops = d->ops;
	void *owner = d->ctx;

	free(d);
	ops->closed(owner, why);
}

struct ga_reverse *
ga_reverse_open(struct ga_client *c, const char *path, uint32_t uid, const struct ga_reverse_ops *ops, void *ctx, struct error *err)
{
	static const struct grpc_stream_ops stream_ops = { .message = ga_reverse_on_message, .closed = ga_reverse_on_closed };
	struct ga_listen m = { .path = { (const uint8_t *)path, strlen(path) }, .uid = uid };
	struct ga_reverse *d = xcalloc(1, sizeof *d);
	AUTO(buf) b = BUF_INIT;

	*d = (struct ga_reverse){ .ops = ops, .ctx = ctx };
	d->s = c->features & GA_LISTEN ? grpc_call(c->conn, GA_METHOD_LISTEN, &stream_ops, d) : NULL;
	if (!d->s) {
		free(d);
		error_set(err, EAGAIN, "guest agent: makes no sockets");
		return NULL;
	}
	ga_listen_put(&b, &m);
	grpc_send(d->s, &(struct iovec){ b.s, b.len }, 1);
	return d;
}

void
ga_reverse_close(struct ga_reverse *d)
{
	grpc_reset(d->s);
	free(d);
}
