#include "usernet/services.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "usernet/switch.h"

static const char *
protocol_name(uint8_t proto)
{
	return proto == PROTO_TCP_IP ? "tcp" : proto == PROTO_UDP_IP ? "udp" : proto == PROTO_ICMP ? "icmp" : "ip";
}

static int
services_print(cJSON *j, struct buf *out)
{
	auto_free char *text = cJSON_PrintUnformatted(j);

	cJSON_Delete(j);
	buf_addf(out, "%s\n", text);
	return 200;
}

/* {"IP":"MAC"}, of machines that are plugged in */
static int
services_leases(struct sw *s, struct buf *out)
{
	cJSON *j = cJSON_CreateObject();
	AUTO(arena) a = {0};

	for (size_t i = 0; i < s->nports; i++) {
		const struct usernet_port *p = &s->ports[i]->is;

		cJSON_AddStringToObject(j, usernet_ip_text(&a, p->ip),
					arena_printf(&a, "%02x:%02x:%02x:%02x:%02x:%02x", p->mac[0], p->mac[1], p->mac[2], p->mac[3], p->mac[4], p->mac[5]));
	}
	return services_print(j, out);
}

static int
services_forwards(struct sw *s, struct buf *out)
{
	cJSON *j = cJSON_CreateArray();
	AUTO(arena) a = {0};

	for (size_t i = 0; i < s->nports; i++) {
		const struct port *p = s->ports[i];
		cJSON *one;

		if (!p->forwards)
			continue;
		one = cJSON_CreateObject();
		cJSON_AddStringToObject(one, "local", arena_printf(&a, "127.0.0.1:%d", p->is.ssh_port));
		cJSON_AddStringToObject(one, "remote", arena_printf(&a, "%s:22", usernet_ip_text(&a, p->is.ip)));
		cJSON_AddStringToObject(one, "protocol", "tcp");
		cJSON_AddItemToArray(j, one);
	}
	return services_print(j, out);
}

/* [{"Name":"internal.","Records":[{"Name":"lima-a","IP":"..."}]}] */
static int
services_names(struct sw *s, struct buf *out)
{
	cJSON *all = cJSON_CreateArray(), *zone = cJSON_CreateObject(), *records = cJSON_CreateArray();
	AUTO(arena) a = {0};

	for (size_t i = 0; i <= s->nports; i++) {
		cJSON *one = cJSON_CreateObject();

		cJSON_AddStringToObject(one, "Name", i < s->nports ? s->ports[i]->is.hostname : "host.lima");
		cJSON_AddStringToObject(one, "IP", usernet_ip_text(&a, i < s->nports ? s->ports[i]->is.ip : s->net.gateway));
		cJSON_AddItemToArray(records, one);
	}
	cJSON_AddStringToObject(zone, "Name", "internal.");
	cJSON_AddItemToObject(zone, "Records", records);
	cJSON_AddItemToArray(all, zone);
	return services_print(all, out);
}

static cJSON *
goal_json(const struct denied_goal *g, struct arena *a)
{
	cJSON *one = cJSON_CreateObject();

	if (!g->ip) {
		cJSON_AddStringToObject(one, "name", g->name);
	} else {
		cJSON_AddStringToObject(one, "address", usernet_ip_text(a, g->ip));
		cJSON_AddStringToObject(one, "protocol", protocol_name(g->proto));
		if (g->port)
			cJSON_AddNumberToObject(one, "port", g->port);
	}
	cJSON_AddNumberToObject(one, "count", (double)g->count);
	return one;
}

/* {"denied":N,"interfaces":{"a.0":{"denied":N,"last":[...]}}} */
static int
services_denied(struct sw *s, struct buf *out)
{
	cJSON *j = cJSON_CreateObject(), *ports = cJSON_CreateObject();
	uint64_t count = s->denied_before;
	AUTO(arena) a = {0};

	for (size_t i = 0; i < s->nports; i++) {
		const struct denied *d = &s->ports[i]->denied;
		cJSON *one = cJSON_CreateObject(), *last = cJSON_CreateArray();

		count += d->count;
		cJSON_AddNumberToObject(one, "denied", (double)d->count);
		for (size_t g = 0; g < d->n; g++)
			cJSON_AddItemToArray(last, goal_json(&d->goals[(d->next + d->n - 1 - g) % d->n], &a));
		cJSON_AddItemToObject(one, "last", last);
		cJSON_AddItemToObject(ports, s->ports[i]->is.id, one);
	}
	cJSON_AddNumberToObject(j, "denied", (double)count);
	cJSON_AddItemToObject(j, "interfaces", ports);
	return services_print(j, out);
}

static const struct service {
	const char *method, *path;
	int (*call)(struct sw *s, struct buf *out);
} services[] = {
	{"GET", "/services/dhcp/leases", services_leases},
	{"GET", "/services/forwarder/all", services_forwards},
	{"GET", "/services/dns/all", services_names},
	{"GET", "/denied", services_denied},
};

int
service_call(struct sw *s, const char *method, const char *path, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (!strcmp(services[i].method, method) && !strcmp(services[i].path, path))
			return services[i].call(s, out);
	buf_addf(out, "%s %s: nothing is served there\n", method, path);
	return 404;
}
