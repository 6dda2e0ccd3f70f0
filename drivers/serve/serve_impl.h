/* drivers/serve/serve_impl.h - what serve.c (sockets, the machine's process) and calls.c (what is asked) share. */
#pragma once
#include "base/process.h"
#include "drivers/serve/serve.h"
#include "guest/wire/grpc.h"

enum { SERVE_PEERS = 16 };

struct asked;
struct server;

struct serve_peer {
	struct server *server;
	int fd;
	struct grpc_conn *conn;
};

struct server {
	const struct serve_ops *ops;
	void *ctx;
	const char *dir;
	int listener;
	struct serve_peer *peer[SERVE_PEERS];
	size_t npeers;
	struct process machine;		/* pid 0: it does not run */
	struct asked *starting, *stopping;	/* whose answers come when it ends */
	long long quit_at, kill_at;	/* of a machine that was told to stop; 0: not */
	bool over;
};

grpc_call_fn serve_call;
/* It has ended, with that status of waitpid(). */
void serve_machine_ended(struct server *s, int status);
void serve_machine_quit(struct server *s);
