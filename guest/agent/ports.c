#include "guest/agent/ports.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "guest/agent/log.h"

static const struct {
	enum ga_proto proto;
	int family;
} parts[] = { { GA_TCP, AF_INET }, { GA_TCP, AF_INET6 }, { GA_UDP, AF_INET }, { GA_UDP, AF_INET6 } };

void
ports_init(struct ports *p)
{
	*p = (struct ports){ .diag = -1 };
}

void
ports_release(struct ports *p)
{
	if (p->diag >= 0)
		close(p->diag);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		ga_ports_release(&p->parts[i]);
	ga_ports_release(&p->services);
	ga_ports_release(&p->all);
	ports_init(p);
}

static void
diag_error(struct ports *p, const struct error *err)
{
	if (!p->complained)
		log_warn("%s", err->msg);
	p->complained = true;
	if (p->diag >= 0)
		close(p->diag);
	p->diag = -1;
}

/* One dump into `out`. */
static bool
agent_ports_dump(struct ports *p, size_t i, struct ga_ports *out)
{
	struct error err;

	if ((p->diag < 0 && (p->diag = sock_diag_open(&err)) < 0) ||
	    sock_diag_list(p->diag, parts[i].proto, parts[i].family, out, &err) < 0) {
		diag_error(p, &err);
		return false;
	}
	return true;
}

static bool
lost_any(const struct ga_ports *old, const struct ga_ports *now)
{
	AUTO(ga_ports) added = { 0 }, removed = { 0 };

	ga_ports_diff(old, now, &added, &removed);
	return removed.n;
}

static bool
agent_ports_look_at(struct ports *p, size_t i)
{
	AUTO(ga_ports) now = { 0 };

	if (!agent_ports_dump(p, i, &now))
		return false;
	ga_ports_sort(&now);
	/* A missing port may have been skipped while others came and went, so the kernel is asked again and both lists count. */
	if (lost_any(&p->parts[i], &now)) {
		if (!agent_ports_dump(p, i, &now))
			return false;
		ga_ports_sort(&now);
	}
	if (ga_ports_equal(&now, &p->parts[i]))
		return false;
	ga_ports_release(&p->parts[i]);
	p->parts[i] = now;
	now = (struct ga_ports){ 0 };
	return true;
}

static bool
has_number(const struct ga_ports *l, uint16_t port)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].port == port)
			return true;
	return false;
}

void
ports_merge(struct ports *p)
{
	size_t sockets;

	p->all.n = 0;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		for (size_t k = 0; k < p->parts[i].n; k++)
			ga_ports_add(&p->all, &p->parts[i].v[k]);
	sockets = p->all.n;
	for (size_t i = 0; i < p->services.n; i++) {
		const struct ga_ports among = { .v = p->all.v, .n = sockets };

		if (!has_number(&among, p->services.v[i].port))
			ga_ports_add(&p->all, &p->services.v[i]);
	}
	ga_ports_sort(&p->all);
}

bool
ports_look(struct ports *p, unsigned mask)
{
	bool changed = false;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (mask & parts[i].proto)
			changed |= agent_ports_look_at(p, i);
	if (changed)
		ports_merge(p);
	return changed;
}
