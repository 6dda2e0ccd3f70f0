/* guest/wire/ga_client_impl.h - what ga_client.c and ga_tunnel.c share. */
#pragma once
#include "base/buf.h"
#include "guest/wire/ga_client.h"

/* A call of one message each way, of which there is one at a time. */
struct ga_unary {
	struct ga_client *c;
	struct grpc_stream *s;		/* NULL: not under way */
	struct buf answer;		/* kept until the status says that it is good */
	bool answered;
	/* `why` is set when it failed, otherwise the answer is `p` */
	void (*done)(struct ga_client *c, const void *p, size_t len, const struct grpc_status *why);
};

struct ga_client {
	const struct ga_client_ops *ops;
	void *ctx;
	struct grpc_conn *conn;
	uint32_t features;
	uint32_t tunnels;	/* opened so far */
	struct ga_unary info, time;
	struct grpc_stream *watch, *inotify;	/* under way, or NULL */
};
