/*
 * resources/network.c - a user-v2 network: its files, and the switch that machines are plugged into
 *
 * Whatever is told to the switch stands in files (providers/usernet.h). One that was killed is replaced without touching a machine, by the
 * process that waits for it (usernet/supervise.h), and where that is gone, too, by the next apply; one
 * whose last machine is gone ends by itself.
 */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/usernet.h"
#include "providers/usernet_run.h"
#include "resources/instance_paths.h"

static const struct attr attrs[] = {
	{ .name = "subnet", .cost = COST_REPLACE },
	{ .name = "egress", .cost = COST_UPDATE },
	{ .name = "hostLoopback", .cost = COST_UPDATE },
	{ .name = "switch", .cost = COST_UPDATE },
	{ 0 },
};

extern const struct resource_type resource_network;

static const char *
network_subnet(struct arena *a, const struct usernet *n)
{
	return arena_printf(a, "%s/%d", usernet_ip_text(a, n->base), __builtin_popcount(n->mask));
}

static const char *
network_egress(struct arena *a, const struct usernet *n)
{
	AUTO(buf) b = BUF_INIT;

	usernet_egress_text(n, &b);
	return arena_strdup(a, b.s);
}

static int
network_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	(void)env;
	for (size_t i = 0; i < spec->nnetworks; i++) {
		const struct spec_network *from = &spec->networks[i];
		struct arena *a = graph_arena(g);
		struct resource *r;
		struct usernet n;

		if (!*from->host)
			continue;
		r = graph_declare(g, &resource_network, "", from->lima, false);
		if (from->of_fleet)
			resource_need(g, r, "network-entry", from->lima, NEED_BUILD);
		if (!wanted_running(spec))
			continue;
		if (usernet_init(&n, from->gateway, from->netmask, from->egress, from->host_loopback, a, err) < 0)
			return error_wrap(err, "%s/_config/networks.yaml: networks.%s", env->home, from->lima);
		resource_want(g, r, "subnet", network_subnet(a, &n));
		resource_want(g, r, "egress", network_egress(a, &n));
		resource_want(g, r, "hostLoopback", from->host_loopback ? "yes" : "no");
		resource_want(g, r, "switch", "running");
	}
	return 0;
}

static int
network_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = usernet_dir(env->home, r->name), *path = xasprintf("%s/network", dir);
	struct usernet n;
	int there = fs_look(path, NULL, err);

	if (there <= 0)
		return there;
	if (usernet_load(&n, dir, a, err) < 0)
		return -1;
	facts_set(have, a, "subnet", network_subnet(a, &n));
	facts_set(have, a, "egress", network_egress(a, &n));
	facts_set(have, a, "hostLoopback", n.host_loopback ? "yes" : "no");
	facts_set(have, a, "switch", usernet_process(dir) > 0 ? "running" : "gone");
	return 1;
}

/* Of the facts that were declared: a file of limactl's own, whatever was there. */
static int
network_write(const struct resource *r, const char *dir, struct error *err)
{
	auto_free char *path = xasprintf("%s/network", dir), *ports = xasprintf("%s/ports", dir);
	const char *subnet = facts_get(&r->want, "subnet"), *egress = facts_get(&r->want, "egress"), *loopback = facts_get(&r->want, "hostLoopback");
	const char *slash = subnet ? strchr(subnet, '/') : NULL;
	AUTO(arena) a = { 0 };
	AUTO(buf) text = BUF_INIT;
	struct usernet n;
	int bits;

	if (!slash || sscanf(slash, "/%d", &bits) != 1 || bits < 1 || bits > 31)
		return error_set(err, ERR_INVALID, "network %s: no subnet is known", r->name);
	if (usernet_init(&n, arena_printf(&a, "%.*s", (int)(slash - subnet), subnet), usernet_ip_text(&a, ~UINT32_C(0) << (32 - bits)), egress,
			 !loopback || !strcmp(loopback, "yes"), &a, err) < 0)
		return -1;
	usernet_text(&n, &text);
	return fs_mkdirs(ports, 0700, err) < 0 || fs_make_room(path, err) < 0 ? -1 : fs_write(path, text.s, text.len, 0600, err);
}

static int
network_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = usernet_dir(env->home, r->name), *program = xasprintf("%s/lima-usernet", env->libexec);

	if (network_write(r, dir, err) < 0 || usernet_start(program, dir, err) < 0)
		return -1;
	return network_observe(env, r, have, a, err) == 1 ? 0 : error_set(err, ERR_CHILD, "network %s: gone right after it was made", r->name);
}

/* Addresses that machines were given stay: they are what makes a machine findable when the network is there again. */
static int
network_remove(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = usernet_dir(env->home, r->name), *path = xasprintf("%s/network", dir);

	/* Without this file no other switch can take the place of one that has to be killed. */
	return fs_unlink(path, err) < 0 ? -1 : usernet_stop(dir, err);
}

const struct resource_type resource_network = {
	.name = "network",
	.attrs = attrs,
	.shared = true,
	.declare = network_declare,
	.observe = network_observe,
	.ensure = network_ensure,
	.remove = network_remove,
};
