#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "guest/wire/ga_client_impl.h"

struct ga_door {
	struct grpc_stream *s;
	const struct ga_door_ops *ops;
	void *ctx;
};

static void
door_message(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_door *d = ctx;
	uint64_t id;

	(void)s;
	if (ga_accepted_get(&id, p, len, NULL) == 0)
		d->ops->accepted(d->ctx, id);
}

static void
door_closed(void *ctx, const struct grpc_status *why)
{
	struct ga_door *d = ctx;
	const struct ga_door_ops *ops = d->ops;
	void *owner = d->ctx;

	free(d);
	ops->closed(owner, why);
}

struct ga_door *
ga_door_open(struct ga_client *c, const char *path, uint32_t uid, const struct ga_door_ops *ops, void *ctx, struct error *err)
{
	static const struct grpc_stream_ops stream_ops = { .message = door_message, .closed = door_closed };
	struct ga_listen m = { .path = { (const uint8_t *)path, strlen(path) }, .uid = uid };
	struct ga_door *d = xcalloc(1, sizeof *d);
	AUTO(buf) b = BUF_INIT;

	*d = (struct ga_door){ .ops = ops, .ctx = ctx };
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
ga_door_close(struct ga_door *d)
{
	grpc_reset(d->s);
	free(d);
}
