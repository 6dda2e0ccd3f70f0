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

#define DOORS_MAX 64
#define DOORS_WAITING_MAX 64
#define DOORS_WAIT_MS 10000

struct doors {
	struct loop *loop;
	struct door *first;
	unsigned n;
	uint64_t last;			/* number that was given */
	struct {
		uint64_t id, since_ms;
		int fd;
	} waiting[DOORS_WAITING_MAX];	/* the oldest first */
	size_t nwaiting;
	struct timer sweep;
};

void doors_init(struct doors *d, struct loop *l);
void doors_release(struct doors *d);	/* once no connection is left */
/* Takes the call; its message says where. */
void doors_accept(struct doors *d, struct grpc_stream *s);
/* The connection of that number, now the caller's; -1: there is none. */
int doors_take(struct doors *d, uint64_t id);
