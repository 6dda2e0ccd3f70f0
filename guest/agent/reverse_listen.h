/*
 * guest/agent/reverse_listen.h - UNIX sockets of the guest that lead to the host: the method Listen.
 *
 * A call is a socket, for as long as it lasts. Who connects there gets a number, which the host is
 * told and takes up as the tunnel "accepted". The socket is made with the rights of the
 * user it is for: what he may not do in that folder we do not do for him.
 */
#pragma once
#include "guest/agent/loop.h"

struct grpc_stream;

#define REVERSE_LISTEN_MAX 64
#define REVERSE_LISTEN_WAITING_MAX 64
#define REVERSE_LISTEN_WAIT_MS 10000

struct reverse_listeners {
	struct loop *loop;
	struct reverse_listener *first;
	unsigned n;
	uint64_t last;			/* number that was given */
	struct {
		uint64_t id, since_ms;
		int fd;
	} waiting[REVERSE_LISTEN_WAITING_MAX];	/* the oldest first */
	size_t nwaiting;
	struct timer sweep;
};

void reverse_listen_init(struct reverse_listeners *d, struct loop *l);
void reverse_listen_release(struct reverse_listeners *d);	/* once no connection is left */
/* Takes the call; its message says where. */
void reverse_listen_accept(struct reverse_listeners *d, struct grpc_stream *s);
/* The connection of that number, now the caller's; -1: there is none. */
int reverse_listen_take(struct reverse_listeners *d, uint64_t id);
