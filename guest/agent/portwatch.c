#include "guest/agent/portwatch.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/mem.h"
#include "guest/agent/port_events.h"

enum { SOON_MS = 10, AGAIN_MS = 150, GAP_MS = 100 };

static const unsigned protos[] = { GA_TCP, GA_UDP };

struct portwatch {
	struct loop *loop;
	unsigned tick_ms;
	struct ports ports;
	struct port_events *trigger;	/* made for the first watcher */
	struct portwatcher *watchers;
	struct timer soon, again, tick;
	unsigned soon_mask, again_mask;
	uint64_t looked_ms[2];		/* when: at tcp, at udp */
};

static void
portwatch_tell(struct portwatch *p)
{
	for (struct portwatcher *w = p->watchers, *next; w; w = next) {
		next = w->next;
		w->changed(w);
	}
}

static void
portwatch_look_one(struct portwatch *p, unsigned mask)
{
	for (size_t i = 0; i < ARRAY_LEN(protos); i++)
		if (mask & protos[i])
			p->looked_ms[i] = loop_now();
	if (ports_look(&p->ports, mask))
		portwatch_tell(p);
}

static void
portwatch_nudged(void *ctx, unsigned mask)
{
	struct portwatch *p = ctx;
	uint64_t now = loop_now(), at = now + SOON_MS;

	for (size_t i = 0; i < ARRAY_LEN(protos); i++)
		if ((mask & protos[i]) && at < p->looked_ms[i] + GAP_MS)
			at = p->looked_ms[i] + GAP_MS;
	p->soon_mask |= mask;
	p->again_mask |= mask;
	loop_timer_by(p->loop, &p->soon, at);
	loop_timer(p->loop, &p->again, now + AGAIN_MS);
}

static void
look_soon(struct timer *t)
{
	struct portwatch *p = CONTAINER_OF(t, struct portwatch, soon);
	unsigned mask = p->soon_mask;

	p->soon_mask = 0;
	portwatch_look_one(p, mask);
}

static void
look_again(struct timer *t)
{
	struct portwatch *p = CONTAINER_OF(t, struct portwatch, again);
	unsigned mask = p->again_mask;

	p->again_mask = 0;
	portwatch_look_one(p, mask);
}

static void
look_on_tick(struct timer *t)
{
	struct portwatch *p = CONTAINER_OF(t, struct portwatch, tick);

	loop_timer(p->loop, &p->tick, loop_now() + p->tick_ms);
	portwatch_look_one(p, GA_TCP | GA_UDP);
}

struct portwatch *
portwatch_new(struct loop *l, unsigned tick_ms)
{
	struct portwatch *p = xcalloc(1, sizeof *p);

	p->loop = l;
	p->tick_ms = tick_ms;
	ports_init(&p->ports);
	p->soon.fire = look_soon;
	p->again.fire = look_again;
	p->tick.fire = look_on_tick;
	return p;
}

static void
portwatch_stop(struct portwatch *p)
{
	port_events_enable(p->trigger, false);
	loop_untimer(p->loop, &p->soon);
	loop_untimer(p->loop, &p->again);
	loop_untimer(p->loop, &p->tick);
}

void
portwatch_free(struct portwatch *p)
{
	if (!p)
		return;
	if (p->watchers)
		portwatch_stop(p);
	port_events_free(p->trigger);
	ports_release(&p->ports);
	free(p);
}

void
portwatch_add(struct portwatch *p, struct portwatcher *w)
{
	if (!p->trigger)
		p->trigger = port_events_new(p->loop, portwatch_nudged, p);
	if (!p->watchers) {
		port_events_enable(p->trigger, true);
		loop_timer(p->loop, &p->tick, loop_now() + p->tick_ms);
	}
	w->next = p->watchers;
	p->watchers = w;
}

void
portwatch_remove(struct portwatch *p, struct portwatcher *w)
{
	for (struct portwatcher **at = &p->watchers; *at; at = &(*at)->next)
		if (*at == w) {
			*at = w->next;
			break;
		}
	if (!p->watchers)
		portwatch_stop(p);
}

const struct ga_ports *
portwatch_look(struct portwatch *p)
{
	portwatch_look_one(p, GA_TCP | GA_UDP);
	return &p->ports.all;
}

const struct ga_ports *
portwatch_ports(const struct portwatch *p)
{
	return &p->ports.all;
}

void
portwatch_set_services(struct portwatch *p, struct ga_ports *services)
{
	if (ga_ports_equal(services, &p->ports.services))
		return;
	ga_ports_release(&p->ports.services);
	p->ports.services = *services;
	*services = (struct ga_ports){ 0 };
	ports_merge(&p->ports);
	portwatch_tell(p);
}
