/*
 * guest/agent/tunnel.h - connections of the host's to services in the guest, each over a stream of its own.
 *
 * TCP and unix sockets: bytes both ways, with back pressure both ways. UDP: a message
 * is a datagram. The host closing its direction is passed on to the service; the
 * service closing its direction ends the tunnel, unless the host knows better
 * (GA_TUNNEL_HALF_CLOSE). A UDP tunnel ends after 90 s of silence, the one longest
 * silent goes when there are more than 512: upstream's host agent opens one for
 * each source port that a client of a forwarded port uses, and closes none.
 */
#pragma once
#include <stdbool.h>
#include <sys/resource.h>

#include "guest/agent/loop.h"

struct grpc_stream;
struct reverse_listeners;
struct tunnel;

struct tunnels {
	struct loop *loop;
	struct reverse_listeners *reverse;	/* for those that are "accepted" */
	struct tunnel *first;
	unsigned n, udp, execs;
	rlim_t files;		/* that a command may have open; 0: as many as we (exec.h) */
	struct timer sweep;	/* of silent UDP tunnels */
	char chunk[64 << 10];	/* what was read last, for as long as it takes to pass it on */
};

void tunnels_init(struct tunnels *all, struct loop *l, struct reverse_listeners *reverse);
void tunnels_release(struct tunnels *all);	/* once no connection is left */
/*
 * Takes the call; the first message says where to. `trusted`: it comes by a way that only the host has, so commands may be run: they
 * are run as whoever it says, which is more than any user of the guest may.
 */
void tunnel_accept(struct tunnels *all, struct grpc_stream *s, bool trusted);
