#include "guest/agent/kube_services.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/jsonspan.h"
#include "base/mem.h"

static void
kube_services_service_release(struct kube_service *s)
{
	free(s->name);
	ga_ports_release(&s->ports);
}

void
kube_services_release(struct kube_services *s)
{
	for (size_t i = 0; i < s->n; i++)
		kube_services_service_release(&s->v[i]);
	free(s->v);
	*s = (struct kube_services){ 0 };
}

static struct kube_service *
kube_services_find(struct kube_services *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].name, name))
			return &s->v[i];
	return NULL;
}

static bool
kube_services_drop(struct kube_services *s, const char *name)
{
	struct kube_service *v = kube_services_find(s, name);

	if (!v)
		return false;
	kube_services_service_release(v);
	*v = s->v[--s->n];
	return true;
}

static void
read_ports(struct arena *a, struct json_span spec, const char *member, struct ga_ports *out)
{
	struct json_span list = json_at(spec, "ports"), p;
	static const uint8_t any[4];
	size_t at = 0;

	while ((p = json_each(list, &at, NULL)).p && out->n < 1024) {
		const char *proto = json_text(a, json_at(p, "protocol"));
		long long number = json_int(json_at(p, member), 0);
		struct ga_port port;

		if (number < 1 || number > 65535 || (strcmp(proto, "TCP") != 0 && strcmp(proto, "UDP") != 0))
			continue;
		port = ga_port_make(*proto == 'T' ? GA_TCP : GA_UDP, false, any, (uint16_t)number);
		ga_ports_add(out, &port);
	}
	ga_ports_sort(out);
}

/* The service as it is now; one that publishes nothing is none. */
static bool
kube_services_set(struct kube_services *s, const char *name, struct ga_ports *ports)
{
	struct kube_service *v = kube_services_find(s, name);

	if (!ports->n)
		return kube_services_drop(s, name);
	if (v && ga_ports_equal(&v->ports, ports))
		return false;
	if (!v) {
		if (s->n == KUBE_SERVICES_MAX)
			return false;
		GROW(s->v, s->n, s->cap);
		v = &s->v[s->n++];
		*v = (struct kube_service){ .name = xstrdup(name) };
	}
	ga_ports_copy(&v->ports, ports);
	return true;
}

bool
kube_services_apply(struct kube_services *s, const char *line)
{
	struct json_span event = json_span_of(line), spec = json_at(event, "object.spec");
	AUTO(arena) a = { 0 };
	AUTO(ga_ports) ports = { 0 };
	const char *what = json_text(&a, json_at(event, "type")), *type = json_text(&a, json_at(spec, "type"));
	const char *name = arena_printf(&a, "%s/%s", json_text(&a, json_at(event, "object.metadata.namespace")),
					json_text(&a, json_at(event, "object.metadata.name")));

	if (!strcmp(what, "DELETED"))
		return kube_services_drop(s, name);
	if (strcmp(what, "ADDED") != 0 && strcmp(what, "MODIFIED") != 0)
		return false;
	if (!strcmp(type, "NodePort"))
		read_ports(&a, spec, "nodePort", &ports);
	else if (!strcmp(type, "LoadBalancer"))
		read_ports(&a, spec, "port", &ports);
	return kube_services_set(s, name, &ports);
}

void
kube_services_ports(const struct kube_services *s, struct ga_ports *out)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->v[i].ports.n; k++)
			ga_ports_add(out, &s->v[i].ports.v[k]);
	ga_ports_sort(out);
}
