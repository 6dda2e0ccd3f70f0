/*
 * resources/network_entry.c - what networks.yaml says of a network: that of `limactl network create`, or that a fleet brings along.
 *
 * A fleet's stands there so that a member is an ordinary instance, which every other command can start, also without the
 * fleet's file. Of all others lima.yaml only has the name: whoever names one needs it, and wants nothing of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "resources/instance_paths.h"
#include "state/desired/spec/networks.h"

static const struct attr attrs[] = {
	{ .name = "mode", .cost = COST_UPDATE },
	{ .name = "interface", .cost = COST_UPDATE },
	{ .name = "gateway", .cost = COST_UPDATE },
	{ .name = "netmask", .cost = COST_UPDATE },
	{ .name = "egress", .cost = COST_UPDATE },
	{ .name = "hostLoopback", .cost = COST_UPDATE },
	{ .name = "fleet", .cost = COST_UPDATE },
	{ 0 },
};

extern const struct resource_type resource_network_entry;

static int
network_entry_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	(void)env, (void)err;
	for (size_t i = 0; i < spec->nnetworks; i++) {
		const struct spec_network *from = &spec->networks[i];
		struct resource *r;

		if (!*from->lima)
			continue;
		r = graph_declare(g, &resource_network_entry, "", from->lima, false);
		if (!from->of_fleet || !instance_paths_wanted(spec))
			continue;
		resource_want(g, r, "mode", "user-v2");
		resource_want(g, r, "gateway", from->gateway);
		resource_want(g, r, "netmask", from->netmask);
		resource_want(g, r, "egress", from->egress);
		resource_want(g, r, "hostLoopback", from->host_loopback ? "yes" : "no");
		resource_want(g, r, "fleet", spec->fleet);
	}
	return 0;
}

static int
network_entry_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	AUTO(networks) nets = { 0 };
	const struct network *n;

	if (networks_load(&nets, env->home, err) < 0)
		return -1;
	n = networks_find(&nets, r->name);
	if (!n)
		return 0;
	facts_set(have, a, "mode", n->mode);
	facts_set(have, a, "interface", n->interface);
	facts_set(have, a, "gateway", n->gateway);
	facts_set(have, a, "netmask", *n->netmask ? n->netmask : "255.255.255.0");
	facts_set(have, a, "egress", n->egress);
	facts_set(have, a, "hostLoopback", n->host_loopback ? "yes" : "no");
	facts_set(have, a, "fleet", n->fleet);
	return 1;
}

static const char *
network_entry_text(const struct resource *r, const char *attr)
{
	const char *value = facts_get(&r->want, attr);

	return value ? value : "";
}

static int
network_entry_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const struct network n = {
		.name = r->name, .mode = network_entry_text(r, "mode"), .interface = network_entry_text(r, "interface"), .dhcp_end = "",
		.gateway = network_entry_text(r, "gateway"), .netmask = network_entry_text(r, "netmask"),
		.egress = network_entry_text(r, "egress"), .fleet = network_entry_text(r, "fleet"),
		.host_loopback = strcmp(network_entry_text(r, "hostLoopback"), "no") != 0,
	};
	int there;

	if (*n.mode && networks_put(env->home, &n, err) < 0)
		return -1;
	there = network_entry_observe(env, r, have, a, err);
	if (there == 0)
		error_set(err, ENOENT, "there is no network `%s` in networks.yaml; `limactl network create %s` makes one", r->name, r->name);
	return there == 1 ? 0 : -1;
}

static int
network_entry_remove(const struct env *env, const struct resource *r, struct error *err)
{
	return networks_drop(env->home, r->name, err);
}

const struct resource_type resource_network_entry = {
	.name = "network-entry",
	.about = "what networks.yaml says of a network",
	.attrs = attrs,
	.lifetime = SHARED_KEPT,
	.forced_by = "`limactl network delete --force` deletes it all the same",
	.declare = network_entry_declare,
	.observe = network_entry_observe,
	.ensure = network_entry_ensure,
	.remove = network_entry_remove,
};
