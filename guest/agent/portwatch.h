/*
 * guest/agent/portwatch.h - keeps the list of ports current, and tells who watches it.
 *
 * While somebody watches, it looks 10 ms after a nudge (port_events.h), once more 150 ms
 * after it (a machine may be slow), at either protocol never more often than every 100 ms, and
 * on every tick whatever happened. While nobody does, it does nothing.
 */
#pragma once
#include "guest/agent/loop.h"
#include "guest/agent/ports.h"

struct portwatch;

struct portwatcher {
	struct portwatcher *next;
	/* The list has changed; read portwatch_ports(). */
	void (*changed)(struct portwatcher *w);
};

struct portwatch *portwatch_new(struct loop *l, unsigned tick_ms);
void portwatch_free(struct portwatch *p);
void portwatch_add(struct portwatch *p, struct portwatcher *w);
void portwatch_remove(struct portwatch *p, struct portwatcher *w);
/* Looks now, and returns the list, which stays p's. */
const struct ga_ports *portwatch_look(struct portwatch *p);
/* The list as it was last seen. */
const struct ga_ports *portwatch_ports(const struct portwatch *p);
/* What Kubernetes publishes has changed: `services` is taken over. */
void portwatch_set_services(struct portwatch *p, struct ga_ports *services);
