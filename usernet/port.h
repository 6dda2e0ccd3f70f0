/*
 * usernet/port.h - one interface that is plugged in: its socket, and what waits to be sent to it.
 *
 * The switch's end is ports/ID.sock, bound and, once a frame came, connected to the machine's end: so the kernel takes frames from that machine
 * alone, and bounds what it has sent and nobody has read. A machine sends by name, so a switch that takes over binds the name again, and the
 * machine has noticed nothing. What the machine does not take at once waits here, at most QUEUE_MAX frames; more is dropped, and
 * nobody else waits for it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "providers/usernet.h"
#include "usernet/denied.h"
#include "usernet/guard.h"
#include "usernet/names.h"

struct error;
struct nat;
struct sw;

enum { QUEUE_MAX = 256, GROUP_BURST = 512, GROUP_PER_S = 256, FLOW_BURST = 512, FLOW_PER_S = 128 };

/* How often something may be done: a bucket that fills by itself. */
struct rate {
	long long at_ms;
	double left;
};
/* false: too often */
bool rate_take(struct rate *r, long long now_ms, double per_s, double burst);

struct watch {
	enum watch_kind { WATCH_PORT, WATCH_PEER, WATCH_FOLDER, WATCH_SIGNAL, WATCH_LISTEN, WATCH_CLIENT } kind;
	int fd;
	struct port *port;
};

struct queued {
	size_t len;
	uint8_t bytes[];
};

struct port {
	struct arena mem;
	struct usernet_port is;
	const char *text; /* of its file, to see whether it is another one now */
	struct sw *sw;
	struct watch sock, peer; /* the socket; the machine's process, by its end: -1 until it has sent something */
	bool forwards;		 /* its SSH port is listened to */
	bool lost;		 /* nobody is at the other end any more, though the machine may not have ended */
	bool waits;		 /* for room at the other end: POLLER_OUT is asked for */
	struct queued *queue[QUEUE_MAX];
	size_t head, tail;
	struct rate group, flow;
	struct nat *nat;
	struct learned learned;
	struct denied denied;
	uint64_t in, out, dropped, verdicts[VERDICTS];
	bool seen; /* in the folder, when it was read last */
};

/* Binds its socket, beside its file. NULL with err. Strings of `is` are in `mem`, which it takes over. */
struct port *port_open(struct sw *sw, const char *dir, const struct usernet_port *is, const char *text,
		       struct arena *mem, struct error *err);
void port_close(struct port *p);
/* A frame for the machine. */
void port_send(struct port *p, const void *frame, size_t len);
/* There is room again. */
void port_flush(struct port *p);
/* The next frame that it sent; its length, 0: none. `fresh`: it is the first one of this process of the machine's. */
size_t port_receive(struct port *p, uint8_t *frame, size_t max, bool *fresh);
/* The machine has ended. */
void port_disconnect(struct port *p);
