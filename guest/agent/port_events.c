#include "guest/agent/port_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/auto.h"
#include "base/mem.h"
#include "guest/agent/log.h"
#include "guest/agent/perf.h"
#include "guest/wire/ga_port.h"

#define POLL_MS 250
#define CPUS_MAX 256	/* beyond that polling is the lesser cost */

/* One event on one processor. */
struct source {
	struct watch w;
	struct port_events *t;
	void *ring;
	unsigned mask;
};

struct port_events {
	struct loop *loop;
	void (*nudge)(void *ctx, unsigned mask);
	void *ctx;
	struct source *v;
	size_t n, cap;
	unsigned polled;
	struct timer poll;
};

static void
port_events_fired(struct watch *w, uint32_t events)
{
	struct source *s = CONTAINER_OF(w, struct source, w);

	(void)events;
	s->t->nudge(s->t->ctx, s->mask);
}

static void
poll_polled(struct timer *timer)
{
	struct port_events *t = CONTAINER_OF(timer, struct port_events, poll);

	loop_timer(t->loop, &t->poll, loop_now() + POLL_MS);
	t->nudge(t->ctx, t->polled);
}

static void
drop_sources(struct port_events *t, unsigned mask)
{
	for (size_t i = t->n; i-- > 0;)
		if (t->v[i].mask & mask) {
			perf_close(t->v[i].w.fd, t->v[i].ring);
			t->v[i] = t->v[--t->n];
		}
}

/* The event on every processor, or on none. */
static bool
add_sources(struct port_events *t, const struct perf_event *e, unsigned mask)
{
	int cpus = get_nprocs_conf();

	for (int cpu = 0; cpu < cpus; cpu++) {
		struct source s = { .t = t, .mask = mask, .w = { .ready = port_events_fired } };

		s.w.fd = perf_open(e, cpu, &s.ring);
		if (s.w.fd < 0 && errno == ENODEV)	/* a processor that is not there (yet) */
			continue;
		if (s.w.fd < 0) {
			log_debug("no events from %s: %s", e->name, strerror(errno));
			return false;
		}
		GROW(t->v, t->n, t->cap);
		t->v[t->n++] = s;
	}
	return true;
}

static void
open_sources(struct port_events *t)
{
	static const struct perf_event tcp = {
		.kind = PERF_TRACEPOINT, .name = "sock/inet_sock_set_state", .filter = "oldstate==10||newstate==10",
	};
	static const struct perf_event udp[] = {
		{ .kind = PERF_KPROBE, .name = "udp_lib_get_port" }, { .kind = PERF_KPROBE, .name = "udp_lib_unhash" },
	};

	t->polled = GA_TCP | GA_UDP;
	if (get_nprocs_conf() > CPUS_MAX)
		return;
	if (add_sources(t, &tcp, GA_TCP))
		t->polled &= ~(unsigned)GA_TCP;
	if (add_sources(t, &udp[0], GA_UDP) && add_sources(t, &udp[1], GA_UDP))
		t->polled &= ~(unsigned)GA_UDP;
	drop_sources(t, t->polled);
}

struct port_events *
port_events_new(struct loop *l, void (*nudge)(void *ctx, unsigned mask), void *ctx)
{
	struct port_events *t = xcalloc(1, sizeof *t);

	t->loop = l;
	t->nudge = nudge;
	t->ctx = ctx;
	t->poll.fire = poll_polled;
	open_sources(t);
	log_info("ports: TCP by %s, UDP by %s", t->polled & GA_TCP ? "polling" : "events",
		 t->polled & GA_UDP ? "polling" : "events");
	return t;
}

void
port_events_free(struct port_events *t)
{
	if (!t)
		return;
	port_events_enable(t, false);
	drop_sources(t, GA_TCP | GA_UDP);
	free(t->v);
	free(t);
}

void
port_events_enable(struct port_events *t, bool on)
{
	for (size_t i = 0; i < t->n; i++) {
		perf_enable(t->v[i].w.fd, on);
		if (on)
			loop_watch(t->loop, &t->v[i].w, EPOLLIN);
		else
			loop_unwatch(t->loop, &t->v[i].w);
	}
	if (on && t->polled)
		loop_timer(t->loop, &t->poll, loop_now() + POLL_MS);
	else
		loop_untimer(t->loop, &t->poll);
}
