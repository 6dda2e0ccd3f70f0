/*
 * guest/agent/service.h - the methods that the host calls: upstream's five, and Listen.
 *
 * One for all connections. Beside tunnels a connection may have CALLS_MAX calls
 * under way, so that answers which nobody reads stay few.
 */
#pragma once
#include <time.h>

#include "guest/agent/loop.h"
#include "guest/agent/portwatch.h"
#include "guest/agent/reverse_listen.h"
#include "guest/agent/tunnel.h"

struct boot_marks;
struct grpc_conn;

/* The clock, so that a test need not set this machine's. -1 with errno. */
struct service_clock {
	int (*get)(struct timespec *now);
	int (*set)(const struct timespec *now);
};
extern const struct service_clock service_real_clock;

struct service {
	struct portwatch *ports;
	struct tunnels tunnels;
	struct reverse_listeners reverse;
	const struct service_clock *clock;
	struct boot_marks *boot;	/* or NULL: nobody tells how far the boot is */
	/*
	 * What the last host that could not be told to forget was told: it is owed the
	 * removal of those that go while it is away.
	 */
	struct ga_ports told;
	const char *state;		/* file that keeps `told` over a restart; or NULL */
};

void service_init(struct service *s, struct loop *l, struct portwatch *ports, const char *state);
void service_release(struct service *s);

#define SERVICE_CALLS_MAX 32

/* A host's connection, as the methods see it. */
struct service_peer {
	struct service *service;
	unsigned calls;		/* under way, tunnels not counted */
	bool trusted;		/* nobody but the host can be at its other end */
};
struct grpc_conn *service_connect(struct service_peer *peer);
