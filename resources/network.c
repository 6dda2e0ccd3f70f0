/*
 * resources/network.c - a user-v2 network: its files, and the switch that machines are plugged into
 *
 * Whatever is told to the switch stands in files (providers/usernet.h). One that was killed is replaced without touching a machine, by the
 * process that waits for it (usernet/supervise.h), and where that is gone, too, by the next apply. It goes with the last machine that
 * a plan takes down, and ends by itself where the last one has ended so.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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
	{ .name = "machines", .cost = COST_NONE, .show = SHOW_NEVER },	/* that are plugged in */
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
network_by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The instances of the ports, NAME.NUMBER each; beside them are the switch's ends, NAME.NUMBER.sock. */
static int
network_tell_machines(const char *dir, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *ports = xasprintf("%s/ports", dir);
	auto_dir DIR *d = opendir(ports);
	auto_free const char **v = NULL;
	AUTO(buf) list = BUF_INIT;
	size_t n = 0, cap = 0;

	if (!d)
		return errno == ENOENT ? 0 : error_errno(err, "open %s", ports);
	for (struct dirent *e; (e = readdir(d));) {
		const char *dot = strrchr(e->d_name, '.');

		if (*e->d_name == '.' || !dot || !dot[1] || dot[1 + strspn(dot + 1, "0123456789")])
			continue;
		GROW(v, n, cap);
		v[n++] = arena_memdup(a, e->d_name, (size_t)(dot - e->d_name));
	}
	if (n)
		qsort(v, n, sizeof *v, network_by_name);
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(v[i], v[i - 1]) != 0)
			buf_addf(&list, "%s%s", i ? ", " : "", v[i]);
	facts_set(have, a, "machines", n ? arena_strdup(a, list.s) : NULL);
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
	return network_tell_machines(dir, have, a, err) < 0 ? -1 : 1;
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
	return fs_mkdirs(dir, 0700, err) < 0 || fs_mkdirs(ports, 0711, err) < 0 || fs_make_room(path, err) < 0 ? -1 : fs_write(path, text.s, text.len, 0600, err);
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
	.about = "a user-v2 network: its files, and the switch that machines are plugged into",
	.attrs = attrs,
	.lifetime = SHARED_WHILE_USED,
	.users = "machines",
	.gone = "ended",
	.declare = network_declare,
	.observe = network_observe,
	.ensure = network_ensure,
	.remove = network_remove,
};
