/*
 * resources/forward.c - one rule of portForwards in a running instance
 *
 * The host agent listens and carries; adding, changing or taking away a rule does not
 * touch the machine, nor the other rules. A rule is named by what only one can have: one
 * that listens all the time by the host's side, one for ports as they appear in the guest by
 * the guest's, one in reverse by its socket there.
 *
 * The first rule in lima.yaml that matches a port counts. So a rule has a rank: how many rules
 * stand in line before it that have a port in common with the next. It is 0 for most, whatever
 * else is in the list.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/sha256.h"
#include "hostagent/protocol/forward_rule.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/listeners.h"
#include "resources/instance_paths.h"

static const struct attr attrs[] = {
	{ .name = "guest", .cost = COST_UPDATE },
	{ .name = "host", .cost = COST_UPDATE },
	{ .name = "rank", .cost = COST_UPDATE },
	{ 0 },
};

extern const struct resource_type resource_forward;

static const char *
forward_side(struct arena *a, const char *ip, const int port[2], const char *socket)
{
	if (*socket)
		return socket;
	if (port[0] == port[1])
		return arena_printf(a, strchr(ip, ':') ? "[%s]:%d" : "%s:%d", ip, port[0]);
	return arena_printf(a, strchr(ip, ':') ? "[%s]:%d-%d" : "%s:%d-%d", ip, port[0], port[1]);
}

static const char *
guest_side(struct arena *a, const struct spec_forward *f)
{
	return forward_side(a, f->guest_ip, f->guest_port, f->guest_socket);
}

static const char *
host_side(struct arena *a, const struct spec_forward *f)
{
	return forward_side(a, f->host_ip, f->host_port, f->host_socket);
}

/* Does it wait for a port to appear? */
static bool
forward_dynamic(const struct spec_forward *f)
{
	return f->ignore || (!f->is_static && !*f->guest_socket);
}

/* A plain instance has what is static, and nothing else. */
static bool
forward_declared(const struct spec *spec, const struct spec_forward *f)
{
	return !spec->plain || (f->is_static && !f->ignore);
}

static const char *
forward_proto(const struct spec_forward *f)
{
	/* "any" of what is not told its port by the guest is TCP, as upstream has it */
	return f->proto == PROTO_UDP ? "udp" : f->proto == PROTO_ANY && forward_dynamic(f) ? "any" : "tcp";
}

static const char *
forward_name_of(struct arena *a, const struct spec *spec, const struct spec_forward *f)
{
	if (f->reverse)
		return arena_printf(a, "%s:reverse:%s", spec->name, f->guest_socket);
	if (forward_dynamic(f))
		return arena_printf(a, "%s:%s:%s:%s%s", spec->name, f->ignore ? "ignore" : "dynamic", forward_proto(f), guest_side(a, f),
				    f->guest_ip_must_be_zero ? ":zero" : "");
	return arena_printf(a, "%s:%s:%s", spec->name, forward_proto(f), host_side(a, f));
}

static bool
in_common(const struct spec_forward *a, const struct spec_forward *b)
{
	return forward_dynamic(a) && forward_dynamic(b) && a->guest_port[0] <= b->guest_port[1] && b->guest_port[0] <= a->guest_port[1] &&
	       (a->proto == PROTO_ANY || b->proto == PROTO_ANY || a->proto == b->proto);
}

/* Of each rule; of two that have a port in common, the later one's is higher. */
static int *
forward_ranks(struct arena *a, const struct spec *spec)
{
	int *rank = arena_alloc(a, (spec->nforwards + 1) * sizeof *rank);

	for (size_t i = 0; i < spec->nforwards; i++)
		for (size_t k = 0; k < i; k++)
			if (rank[i] <= rank[k] && in_common(&spec->forwards[i], &spec->forwards[k]))
				rank[i] = rank[k] + 1;
	return rank;
}

static void
forward_declare_one(const struct spec *spec, const struct spec_forward *f, int rank, struct graph *g)
{
	AUTO(arena) a = { 0 };
	struct resource *r = graph_declare(g, &resource_forward, spec->name, forward_name_of(&a, spec, f), wanted_running(spec));

	resource_need(g, r, "vm", spec->name, NEED_LIVE);
	/* Of two rules for the same ports the first counts. */
	if (facts_get(&r->want, "guest"))
		return;
	resource_want(g, r, "guest", guest_side(&a, f));
	resource_want(g, r, "host", f->ignore ? "" : host_side(&a, f));
	resource_wantf(g, r, "rank", "%d", rank);
}

static int
forward_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	AUTO(arena) a = { 0 };
	const int *rank = forward_ranks(&a, spec);

	(void)env, (void)err;
	for (size_t i = 0; i < spec->nforwards; i++)
		if (forward_declared(spec, &spec->forwards[i]))
			forward_declare_one(spec, &spec->forwards[i], rank[i], g);
	return 0;
}

/* The agent's name for it. */
static const char *
forward_agent_id(struct arena *a, const struct resource *r)
{
	char hex[65];

	sha256_hex(r->name, strlen(r->name), hex);
	return arena_printf(a, "rule-%.16s", hex);
}

/* The first rule of that name. */
static const struct spec_forward *
find_rule(const struct resource *r, struct arena *a, int *rank)
{
	const int *all = forward_ranks(a, r->spec);

	for (size_t i = 0; i < r->spec->nforwards; i++) {
		const struct spec_forward *f = &r->spec->forwards[i];

		*rank = all[i];
		if (forward_declared(r->spec, f) && !strcmp(forward_name_of(a, r->spec, f), r->name))
			return f;
	}
	return NULL;
}

/* What the agent says that it does. */
static void
as_carried(const char *rule, struct facts *have, struct arena *a)
{
	cJSON *json = cJSON_Parse(rule);
	struct forward_rule f;

	if (json && forward_rule_parse(json, a, &f, NULL) == 0) {
		facts_set(have, a, "guest", forward_side(a, f.guest_ip, f.guest_port, f.guest_socket));
		facts_set(have, a, "host", f.ignore ? "" : forward_side(a, f.host_ip, f.host_port, f.host_socket));
		facts_setf(have, a, "rank", "%d", f.rank);
	}
	cJSON_Delete(json);
}

static int
forward_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	const struct resource *vm = resource_needed(r, "vm");
	const char *id = forward_agent_id(a, r);
	struct ha_forward *v;
	struct error why = { 0 };
	size_t n;

	if (vm && vm->looked && !vm->present)
		return 0;
	if (ha_forwards(dir, a, &v, &n, &why) < 0)
		return instance_not_told(r, &why, err);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].id, id) != 0)
			continue;
		facts_set(have, a, "state", v[i].state);
		as_carried(v[i].rule, have, a);
		return strncmp(v[i].state, "failed", 6) != 0;
	}
	return 0;
}

static struct forward_rule
agent_rule(const struct spec_forward *f, int rank)
{
	return (struct forward_rule){
		.proto = f->proto == PROTO_UDP ? FORWARD_UDP : f->proto == PROTO_ANY && forward_dynamic(f) ? FORWARD_ANY : FORWARD_TCP,
		.guest_ip = f->guest_ip, .host_ip = f->host_ip,
		.guest_port = { f->guest_port[0], f->guest_port[1] }, .host_port = { f->host_port[0], f->host_port[1] },
		.guest_socket = f->guest_socket, .host_socket = f->host_socket, .reverse = f->reverse,
		.dynamic = forward_dynamic(f), .ignore = f->ignore, .must_be_zero = f->guest_ip_must_be_zero, .rank = rank,
	};
}

static int
forward_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	int rank;
	const struct spec_forward *f = find_rule(r, a, &rank);
	struct forward_rule rule;

	if (!f)
		return error_set(err, ERR_INVALID, "%s: no such rule in portForwards", r->name);
	rule = agent_rule(f, rank);
	if (ha_put_forward(dir, forward_agent_id(a, r), &rule, err) < 0)
		return -1;
	facts_copy(have, a, &r->want);
	return 0;
}

static int
remove_forward(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	AUTO(arena) a = { 0 };

	if (ha_pid(dir) <= 0)
		return 0;
	return ha_delete_forward(dir, forward_agent_id(&a, r), err);
}

static int
forward_stranger(void *ctx, const struct listener *l)
{
	if (*l->path)
		return 0;
	*(struct listener *)ctx = *l;
	return 1;
}

/* What listens all the time fails where another program does; what this home's agents listen on goes with them. */
static int
forward_check(const struct env *env, const struct resource *r, struct error *err)
{
	AUTO(arena) a = { 0 };
	int rank = 0;
	const struct spec_forward *f = find_rule(r, &a, &rank);
	struct listener who;

	if ((r->present && !r->down) || !f || f->reverse || forward_dynamic(f) || *f->host_socket)
		return 0;
	if (listeners_each(f->host_ip, f->host_port[0], f->host_port[1], f->proto == PROTO_UDP, env->home, forward_stranger, &who) <= 0)
		return 0;
	return error_set(err, EADDRINUSE, "portForwards: %s port %d of %s is in use by %s; stop that, or take another `hostPort`",
			 f->proto == PROTO_UDP ? "udp" : "tcp", who.port, f->host_ip, listener_text(&a, &who));
}

const struct resource_type resource_forward = {
	.check = forward_check,
	.name = "forward",
	.about = "one rule of portForwards in a running instance",
	.gone = "closed",
	.asks = true,
	.attrs = attrs,
	.declare = forward_declare,
	.observe = forward_observe,
	.ensure = forward_ensure,
	.remove = remove_forward,
};
