/*
 * resources/forward.c - a static port forward of a running instance
 *
 * Named by the host's side, which only one can have. The host agent listens
 * and carries; adding or taking away one does not touch the machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "providers/forward_rule.h"
#include "providers/ha_client.h"
#include "resources/common.h"

static const struct attr attrs[] = {
	{ .name = "guest", .cost = COST_UPDATE },
	{ 0 },
};

extern const struct resource_type resource_forward;

static const char *
side(struct arena *a, const char *ip, const int port[2], const char *socket)
{
	if (*socket)
		return socket;
	if (port[0] == port[1])
		return arena_printf(a, strchr(ip, ':') ? "[%s]:%d" : "%s:%d", ip, port[0]);
	return arena_printf(a, strchr(ip, ':') ? "[%s]:%d-%d" : "%s:%d-%d", ip, port[0], port[1]);
}

static void
declare_one(const struct spec *spec, const struct spec_forward *f, struct graph *g)
{
	AUTO(arena) a = { 0 };
	const char *proto = f->proto == PROTO_UDP ? "udp" : "tcp";
	const char *name = arena_printf(&a, "%s:%s:%s", spec->name, proto, side(&a, f->host_ip, f->host_port, f->host_socket));
	struct resource *r = graph_declare(g, &resource_forward, spec->name, name, wanted_running(spec));

	resource_want(g, r, "guest", side(&a, f->guest_ip, f->guest_port, f->guest_socket));
	resource_need(g, r, "vm", spec->name, NEED_LIVE);
}

static int
declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	(void)env, (void)err;
	for (size_t i = 0; i < spec->nforwards; i++)
		if (spec->forwards[i].is_static && !spec->forwards[i].ignore)
			declare_one(spec, &spec->forwards[i], g);
	return 0;
}

/* the agent's name for it: of few characters, and unmistakable */
static const char *
agent_id(struct arena *a, const struct resource *r)
{
	char *id = arena_strdup(a, r->name + strlen(r->owner) + 1);

	for (char *p = id; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *p))
			*p = '_';
	return arena_printf(a, "static-%.100s", id);
}

static int
observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	const struct resource *vm = resource_needed(r, "vm");
	const char *id = agent_id(a, r);
	struct ha_forward *v;
	size_t n;

	(void)err;
	if (vm && vm->looked && !vm->present)
		return 0;
	if (ha_forwards(dir, a, &v, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].id, id) != 0)
			continue;
		facts_set(have, a, "state", v[i].state);
		if (!facts_get(have, "guest"))
			facts_set(have, a, "guest", facts_get(&r->want, "guest"));
		return !strncmp(v[i].state, "listening", 9);
	}
	return 0;
}

static const struct spec_forward *
find_rule(const struct resource *r, struct arena *a)
{
	const char *host = strchr(r->name + strlen(r->owner) + 1, ':') + 1;

	for (size_t i = 0; i < r->spec->nforwards; i++) {
		const struct spec_forward *f = &r->spec->forwards[i];

		if (f->is_static && !f->ignore && !strcmp(side(a, f->host_ip, f->host_port, f->host_socket), host))
			return f;
	}
	return NULL;
}

static int
ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	const struct spec_forward *f = find_rule(r, a);
	struct forward_rule rule;

	if (!f)
		return error_set(err, ERR_INVALID, "%s: no such rule in portForwards", r->name);
	rule = (struct forward_rule){
		.proto = f->proto == PROTO_UDP ? FORWARD_UDP : FORWARD_TCP, .guest_ip = f->guest_ip, .host_ip = f->host_ip,
		.guest_port = { f->guest_port[0], f->guest_port[1] }, .host_port = { f->host_port[0], f->host_port[1] },
		.guest_socket = f->guest_socket, .host_socket = f->host_socket, .reverse = f->reverse,
	};
	if (ha_put_forward(dir, agent_id(a, r), &rule, err) < 0)
		return -1;
	facts_set(have, a, "guest", facts_get(&r->want, "guest"));
	facts_set(have, a, "state", "listening");
	return 0;
}

static int
remove_forward(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	AUTO(arena) a = { 0 };

	if (ha_pid(dir) <= 0)
		return 0;
	return ha_delete_forward(dir, agent_id(&a, r), err);
}

const struct resource_type resource_forward = {
	.name = "forward",
	.about = "static forward of a port or socket",
	.attrs = attrs,
	.declare = declare,
	.observe = observe,
	.ensure = ensure,
	.remove = remove_forward,
};
