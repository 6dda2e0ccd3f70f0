/*
 * guest/agent/ports.h - the ports that the host shall know of, as of now.
 *
 * Sockets that listen, and Kubernetes' services. A list that could not be
 * read stays as it was.
 */
#pragma once
#include "guest/agent/sock_diag.h"

struct ports {
	int diag;			/* -1: not open */
	struct ga_ports parts[4];	/* tcp and udp, each IPv4 and IPv6 */
	struct ga_ports services;	/* of Kubernetes; set by its watcher */
	struct ga_ports all;		/* sorted */
	bool complained;
};

void ports_init(struct ports *p);
void ports_release(struct ports *p);
/* Looks at the protocols in `mask` (enum ga_proto, or'ed); true: p->all has changed. */
bool ports_look(struct ports *p, unsigned mask);
/* The rule for services: one is a port of 0.0.0.0 unless some socket has that number, whatever its protocol. */
void ports_merge(struct ports *p);
