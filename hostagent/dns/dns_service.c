/*
 * hostagent/dns/dns_service.c - the guest's name server, as launch.json has it.
 *
 * Its port is in the guest's cidata.iso, so there is no other one to go to: if
 * somebody has it (it was free when limactl looked), we say so once and try until it is ours.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/dns/dns.h"

enum { RETRY_MS = 2000 };

struct names {
	struct agent *agent;
	struct dns *dns;
	struct dns_config config;
	struct arena mem;		/* of the config */
	uv_timer_t retry;
};

static void dns_service_on_retry(uv_timer_t *t);

static void
dns_service_configure(struct names *n, const struct launch *l)
{
	struct dns_pair *pair;

	arena_release(&n->mem);
	pair = arena_alloc(&n->mem, (l->dns.nhosts + 1) * sizeof *pair);
	for (size_t i = 0; i < l->dns.nhosts; i++)
		pair[i] = (struct dns_pair){ arena_strdup(&n->mem, l->dns.hosts[i].name), arena_strdup(&n->mem, l->dns.hosts[i].value) };
	n->config = (struct dns_config){ .udp_port = l->dns.port, .tcp_port = l->dns.port, .ipv6 = l->dns.ipv6, .hosts = pair,
					 .nhosts = l->dns.nhosts };
}

static int
dns_service_begin(struct names *n, struct error *err)
{
	n->dns = dns_start(&n->agent->loop, &n->config, err);
	if (!n->dns)
		return -1;
	log_info("names: answering on port %d", n->config.udp_port);
	return 0;
}

static void
begin_or_retry(struct names *n)
{
	struct error e;

	if (dns_service_begin(n, &e) == 0)
		return;
	log_warning("%s; trying again until it is free", e.msg);
	uv_timer_start(&n->retry, dns_service_on_retry, RETRY_MS, RETRY_MS);
}

static void
dns_service_on_retry(uv_timer_t *t)
{
	struct names *n = t->data;

	if (dns_service_begin(n, NULL) == 0)
		uv_timer_stop(t);
}

void
names_start(struct agent *a)
{
	struct names *n;

	if (!a->launch.dns.port)
		return;
	n = a->names = xcalloc(1, sizeof *n);
	n->agent = a;
	uv_timer_init(&a->loop, &n->retry);
	n->retry.data = n;
	dns_service_configure(n, &a->launch);
	begin_or_retry(n);
}

void
names_reload(struct agent *a, const struct launch *l)
{
	struct names *n = a->names;

	/* The guest was told this port, so the resolver must keep it. */
	if (!n || l->dns.port != n->config.udp_port)
		return;
	dns_service_configure(n, l);
	if (n->dns)
		dns_set_names(n->dns, &n->config);
}

int
names_port(const struct agent *a)
{
	return a->names && a->names->dns ? a->names->config.udp_port : 0;
}

static void
dns_service_on_closed(uv_handle_t *h)
{
	struct names *n = h->data;

	arena_release(&n->mem);
	free(n);
}

void
names_free(struct agent *a)
{
	struct names *n = a->names;

	if (!n)
		return;
	a->names = NULL;
	dns_stop(n->dns);
	uv_close((uv_handle_t *)&n->retry, dns_service_on_closed);
}
