/*
 * drivers/serve/serve.h - an external driver of ours: upstream's protocol, served on DIR/NAME.drv.sock.
 *
 * A driver is a table of what it can do; the program's main() gives it to serve(). The machine is a child, which the server
 * watches: Start's stream ends when it does. Calls are answered one by one, Stop when the machine is gone.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "providers/snapshots.h"

struct buf;
struct error;
struct grpc_stream;
struct process;

struct serve_ops {
	const char *name;		/* unless the program's file says another: lima-driver-NAME */
	void (*info)(void *ctx, const char *dir, struct buf *json);
	/* The instance, as Configure has it. To `filled` goes the whole of it with the driver's own defaults in place of what was left open. */
	int (*configure)(void *ctx, const char *json, size_t len, struct buf *filled, struct error *err);
	int (*validate)(void *ctx, struct error *err);
	int (*create_disk)(void *ctx, struct error *err);	/* if there is none; NULL: who asks has made it */
	int (*start)(void *ctx, struct process *machine, struct error *err);
	int (*press_button)(void *ctx, struct error *err);
	int (*quit)(void *ctx, struct error *err);
	int (*snapshots)(void *ctx, struct buf *out, struct error *err);
	int (*snapshot)(void *ctx, enum snapshot_verb verb, const char *tag, struct error *err);
	/* Of tests: what it does in place of the answer; false: nothing. */
	bool (*misbehave)(void *ctx, struct grpc_stream *s, const char *method);
};

/* Until SIGTERM: the status to exit with. Words: --inst-dir DIR, or --inspect-status. */
int serve(const struct serve_ops *ops, void *ctx, int argc, char **argv);
