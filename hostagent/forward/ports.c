#include "hostagent/forward/ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "guest/wire/ga_port.h"
#include "hostagent/agent.h"
#include "hostagent/forward/listeners.h"
#include "hostagent/forward/match.h"
#include "hostagent/forward/endpoint.h"

enum {
	MAX_PORTS = 8192,
	BUDGET = 6000,		/* changes at once, */
	BUDGET_PER_S = 100,	/* and for ever */
	THAW_MS = 1000,
	/* A name server's client has a socket a query, on any port of these; what lives so long is something that listens. */
	SHORT_LIVED = 32768,
	RIPE_MS = 150,
};

struct state {
	struct ga_port port;
	enum forwards_verdict verdict;
	struct end *end;	/* of FORWARD */
	bool decided;
	uint64_t ripe;		/* when it is decided, in the loop's time; 0: at once */
};

struct ports {
	struct agent *agent;
	struct state *v;	/* ascending by port, as struct ga_ports is */
	size_t n;
	long budget;
	uint64_t earned;	/* when the budget was topped up last, in the loop's time */
	bool crowded;		/* has been said */
	uv_timer_t thaw, ripen;
	int open;		/* of them */
};

static struct ports *
forward_ports_get(struct agent *a)
{
	struct ports *p = a->ports;

	if (p)
		return p;
	p = a->ports = xcalloc(1, sizeof *p);
	p->agent = a;
	p->budget = BUDGET;
	p->earned = uv_now(&a->loop);
	uv_timer_init(&a->loop, &p->thaw);
	uv_timer_init(&a->loop, &p->ripen);
	p->thaw.data = p->ripen.data = p;
	p->open = 2;
	return p;
}

/* Where its connections go to: what listens everywhere is met on the loopback. */
static struct endpoint
forward_ports_target(const struct ga_port *p)
{
	char ip[46];

	if (match_wildcard(p))
		return endpoint_make(p->proto, p->v6 ? "::1" : "127.0.0.1", p->port);
	return endpoint_make(p->proto, ga_port_ip(p, ip), p->port);
}

static const char *
forward_ports_upper(const struct ga_port *p)
{
	return p->proto == GA_UDP ? "UDP" : "TCP";
}

static void
init_say(struct agent *a, const struct state *s)
{
	char guest[54], host[PLACE_TEXT];

	ga_port_addr(&s->port, guest);
	if (s->verdict == FORWARDS_NOT) {
		log_info("Not forwarding %s %s", forward_ports_upper(&s->port), guest);
		event_forward(a, "not-forwarding", ga_port_proto(&s->port), guest, "", "");
		return;
	}
	endpoint_text(end_host(s->end), host);
	if (*end_trouble(s->end)) {
		log_info("Not forwarding %s %s: %s", forward_ports_upper(&s->port), guest, end_trouble(s->end));
		event_forward(a, "failed", ga_port_proto(&s->port), guest, host, end_trouble(s->end));
	} else {
		log_info("Forwarding %s from %s to %s", forward_ports_upper(&s->port), guest, host);
		event_forward(a, "forwarding", ga_port_proto(&s->port), guest, host, "");
	}
}

static void
forward_ports_begin(struct agent *a, struct state *s)
{
	struct endpoint host, guest = forward_ports_target(&s->port);

	s->verdict = forwards_judge(a, &s->port, &host);
	s->decided = true;
	if (s->verdict == FORWARDS_TO)
		s->end = end_open(a, &host, &guest, false);
	if (s->verdict != FORWARDS_QUIET)
		init_say(a, s);
}

static void
forward_ports_stop(struct agent *a, struct state *s)
{
	struct endpoint guest = forward_ports_target(&s->port);
	char addr[54], host[PLACE_TEXT];

	if (!s->decided || s->verdict != FORWARDS_TO)
		return;
	ga_port_addr(&s->port, addr);
	endpoint_text(end_host(s->end), host);
	log_info("Stopping forwarding %s from %s to %s", forward_ports_upper(&s->port), addr, host);
	event_forward(a, "stopping", ga_port_proto(&s->port), addr, host, "");
	end_close(a, s->end, &guest);
	s->end = NULL;
}

static void
on_ripe(uv_timer_t *t)
{
	struct ports *p = t->data;
	uint64_t now = uv_now(&p->agent->loop), next = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct state *s = &p->v[i];

		if (s->decided)
			continue;
		if (s->ripe <= now)
			forward_ports_begin(p->agent, s);
		else if (!next || s->ripe < next)
			next = s->ripe;
	}
	if (next)
		uv_timer_start(t, on_ripe, next - now, 0);
}

/* One that is new: at once, or when it has lived for a moment. */
static void
forward_ports_meet(struct ports *p, struct state *s)
{
	if (s->port.proto != GA_UDP || s->port.port < SHORT_LIVED) {
		forward_ports_begin(p->agent, s);
		return;
	}
	s->ripe = uv_now(&p->agent->loop) + RIPE_MS;
	if (!uv_is_active((uv_handle_t *)&p->ripen))
		uv_timer_start(&p->ripen, on_ripe, RIPE_MS, 0);
}

/* What comes meanwhile (there is always something on its way) is passed over, and asked for in the end. */
static bool
forward_ports_frozen(const struct ports *p)
{
	return uv_is_active((const uv_handle_t *)&p->thaw);
}

static void
on_thaw(uv_timer_t *t)
{
	struct ports *p = t->data;

	p->budget += BUDGET_PER_S * THAW_MS / 1000;
	if (p->budget < 0)
		return;
	uv_timer_stop(t);
	p->earned = uv_now(&p->agent->loop);
	ga_pause_events(p->agent, false);
}

/* Changes cost; a guest that has spent everything is heard again when it has earned something. */
static void
forward_ports_spend(struct ports *p, size_t changes)
{
	uint64_t now = uv_now(&p->agent->loop), earned = (now - p->earned) * BUDGET_PER_S / 1000;

	if (earned) {
		p->budget = earned > BUDGET || p->budget + (long)earned > BUDGET ? BUDGET : p->budget + (long)earned;
		p->earned = now;
	}
	p->budget -= (long)changes;
	if (p->budget < -BUDGET)
		p->budget = -BUDGET;
	if (p->budget >= 0)
		return;
	log_warning("the guest's ports change too fast: it is heard less often");
	ga_pause_events(p->agent, true);
	uv_timer_start(&p->thaw, on_thaw, THAW_MS, THAW_MS);
}

static size_t
forward_ports_bounded(struct ports *p, size_t n)
{
	if (n <= MAX_PORTS)
		return n;
	if (!p->crowded)
		log_warning("the guest has %zu ports: only %d of them are looked at", n, MAX_PORTS);
	p->crowded = true;
	return MAX_PORTS;
}

void
ports_all(struct agent *a, const struct ga_ports *now)
{
	struct ports *p = forward_ports_get(a);
	size_t n = forward_ports_bounded(p, now->n), o = 0, changes = 0, gone = 0;
	struct state *v, *old = p->v;
	size_t nold = p->n;

	if (forward_ports_frozen(p))
		return;
	v = xcalloc(n + 1, sizeof *v);
	for (size_t i = 0; i < n; i++) {
		int c = 1;

		while (o < nold && (c = memcmp(&old[o].port, &now->v[i], sizeof now->v[i])) < 0)
			old[gone++] = old[o++];
		if (o < nold && c == 0)
			v[i] = old[o++];
		else
			v[i].port = now->v[i];
	}
	while (o < nold)
		old[gone++] = old[o++];
	p->v = v;
	p->n = n;
	for (size_t i = 0; i < n; i++)
		if (!v[i].decided && !v[i].ripe) {
			changes++;
			forward_ports_meet(p, &v[i]);
		}
	for (size_t i = 0; i < gone; i++)
		forward_ports_stop(a, &old[i]);
	free(old);
	forward_ports_spend(p, changes + gone);
}

void
ports_changed(struct agent *a, const struct ga_ports *added, const struct ga_ports *removed)
{
	struct ports *p = forward_ports_get(a);
	AUTO(ga_ports) now = { 0 };
	AUTO(ga_ports) left = { 0 };
	AUTO(ga_ports) unknown = { 0 };

	if (forward_ports_frozen(p))
		return;
	for (size_t i = 0; i < p->n; i++)
		ga_ports_add(&now, &p->v[i].port);
	/* Ports that are in `now` only are new. */
	ga_ports_diff(removed, &now, &left, &unknown);
	for (size_t i = 0; i < added->n; i++)
		ga_ports_add(&left, &added->v[i]);
	ga_ports_sort(&left);
	ports_all(a, &left);
}

void
ports_rules_changed(struct agent *a)
{
	struct ports *p = a->ports;

	for (size_t i = 0; p && i < p->n; i++) {
		struct state *s = &p->v[i], before = *s;
		struct endpoint host;
		enum forwards_verdict verdict;

		if (!s->decided)
			continue;
		verdict = forwards_judge(a, &s->port, &host);
		if (verdict == s->verdict && (verdict != FORWARDS_TO || endpoint_equal(&host, end_host(s->end))))
			continue;
		/* The old forward goes first, because the new one may want its address on the host. */
		forward_ports_stop(a, &before);
		forward_ports_begin(a, s);
	}
}

void
ports_end_opened(struct agent *a, const struct end *e)
{
	struct ports *p = a->ports;

	for (size_t i = 0; p && i < p->n; i++)
		if (p->v[i].end == e)
			init_say(a, &p->v[i]);
}

static void
forward_ports_on_closed(uv_handle_t *h)
{
	struct ports *p = h->data;

	if (--p->open == 0)
		free(p);
}

void
ports_free(struct agent *a)
{
	struct ports *p = a->ports;

	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		forward_ports_stop(a, &p->v[i]);
	free(p->v);
	a->ports = NULL;
	uv_close((uv_handle_t *)&p->thaw, forward_ports_on_closed);
	uv_close((uv_handle_t *)&p->ripen, forward_ports_on_closed);
}
