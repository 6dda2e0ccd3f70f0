#include "guest/agent/trigger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

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
	struct trigger *t;
	void *ring;
	unsigned mask;
};

struct trigger {
	struct loop *loop;
	void (*nudge)(void *ctx, unsigned mask);
	void *ctx;
	struct source *v;
	size_t n, cap;
	unsigned polled;
	struct timer poll;
	int stat[2];		/* /proc/net/sockstat and sockstat6; -1: not there */
	long used[2][2];	/* sockets in use: of each file, tcp and udp */
};

static void
fired(struct watch *w, uint32_t events)
{
	struct source *s = CONTAINER_OF(w, struct source, w);

	(void)events;
	s->t->nudge(s->t->ctx, s->mask);
}

/* A number behind "NAME: inuse " in one of the two files; -1: none */
static long
in_use(const char *text, const char *name)
{
	const char *p = strstr(text, name);

	return p ? strtol(p + strlen(name), NULL, 10) : -1;
}

static unsigned
read_counters(struct trigger *t)
{
	static const char *const names[2][2] = { { "\nTCP: inuse ", "\nUDP: inuse " }, { "TCP6: inuse ", "\nUDP6: inuse " } };
	static const unsigned masks[2] = { GA_TCP, GA_UDP };
	unsigned changed = 0;
	char text[1024];

	for (size_t i = 0; i < 2; i++) {
		ssize_t n = t->stat[i] < 0 ? -1 : pread(t->stat[i], text, sizeof text - 1, 0);

		if (n < 0)
			continue;
		text[n] = '\0';
		for (size_t k = 0; k < 2; k++) {
			long now = in_use(text, names[i][k]);

			if (now != t->used[i][k])
				changed |= masks[k];
			t->used[i][k] = now;
		}
	}
	return changed & t->polled;
}

static void
poll_counters(struct timer *timer)
{
	struct trigger *t = CONTAINER_OF(timer, struct trigger, poll);
	unsigned changed = read_counters(t);

	loop_timer(t->loop, &t->poll, loop_now() + POLL_MS);
	if (changed)
		t->nudge(t->ctx, changed);
}

static void
drop_sources(struct trigger *t, unsigned mask)
{
	for (size_t i = t->n; i-- > 0;)
		if (t->v[i].mask & mask) {
			perf_close(t->v[i].w.fd, t->v[i].ring);
			t->v[i] = t->v[--t->n];
		}
}

/* The event on every processor, or on none. */
static bool
add_sources(struct trigger *t, const struct perf_event *e, unsigned mask)
{
	int cpus = get_nprocs_conf();

	for (int cpu = 0; cpu < cpus; cpu++) {
		struct source s = { .t = t, .mask = mask, .w = { .ready = fired } };

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
open_sources(struct trigger *t)
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

struct trigger *
trigger_new(struct loop *l, void (*nudge)(void *ctx, unsigned mask), void *ctx)
{
	struct trigger *t = xcalloc(1, sizeof *t);

	t->loop = l;
	t->nudge = nudge;
	t->ctx = ctx;
	t->poll.fire = poll_counters;
	open_sources(t);
	t->stat[0] = t->polled ? open("/proc/net/sockstat", O_RDONLY | O_CLOEXEC) : -1;
	t->stat[1] = t->polled ? open("/proc/net/sockstat6", O_RDONLY | O_CLOEXEC) : -1;
	log_info("ports: TCP by %s, UDP by %s", t->polled & GA_TCP ? "polling" : "events",
		 t->polled & GA_UDP ? "polling" : "events");
	return t;
}

void
trigger_free(struct trigger *t)
{
	if (!t)
		return;
	trigger_enable(t, false);
	drop_sources(t, GA_TCP | GA_UDP);
	for (size_t i = 0; i < 2; i++)
		if (t->stat[i] >= 0)
			close(t->stat[i]);
	free(t->v);
	free(t);
}

void
trigger_enable(struct trigger *t, bool on)
{
	for (size_t i = 0; i < t->n; i++) {
		perf_enable(t->v[i].w.fd, on);
		if (on)
			loop_watch(t->loop, &t->v[i].w, EPOLLIN);
		else
			loop_unwatch(t->loop, &t->v[i].w);
	}
	if (on && t->polled) {
		(void)read_counters(t);
		loop_timer(t->loop, &t->poll, loop_now() + POLL_MS);
	} else {
		loop_untimer(t->loop, &t->poll);
	}
}

unsigned
trigger_polled(const struct trigger *t)
{
	return t->polled;
}
