/* resources/interface.c - where a machine is plugged into a user-v2 network: its address there, for good, and what leads to it */
#include "resources/interface.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/instance_mac.h"
#include "providers/usernet.h"
#include "providers/usernet_run.h"
#include "resources/instance_paths.h"
#include "resources/lease.h"
#include "resources/cidata_files.h"

static const struct attr attrs[] = {
	{ .name = "mac", .cost = COST_UPDATE },
	{ .name = "address", .cost = COST_NONE },
	{ .name = "plugged", .cost = COST_UPDATE, .show = SHOW_NEVER },	/* "as wanted": its file says what it would say if it were written now */
	{ 0 },
};

extern const struct resource_type resource_interface;

const struct spec_network *
interface_first(const struct spec *spec)
{
	for (size_t i = 0; i < spec->nnetworks; i++)
		if (spec->networks[i].host && *spec->networks[i].host)
			return &spec->networks[i];
	return NULL;
}

const char *
interface_name(struct arena *a, const struct spec *spec, size_t i)
{
	return arena_printf(a, "%s.%zu", spec->name, i);
}

const char *
interface_mac(struct arena *a, const struct spec *spec, size_t i)
{
	return &spec->networks[i] == interface_first(spec) ? instance_mac(a, spec->dir) : spec->networks[i].mac_address;
}

const char *
interface_here(struct arena *a, const struct spec *spec, size_t i)
{
	return arena_printf(a, "%s/net%zu.sock", spec->dir, i);
}

const char *
interface_there(struct arena *a, const struct env *env, const struct spec *spec, size_t i)
{
	return arena_printf(a, "%s/_networks/%s/ports/%s.sock", env->home, spec->networks[i].lima, interface_name(a, spec, i));
}

static int
interface_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct arena *a = graph_arena(g);

	(void)env, (void)err;
	for (size_t i = 0; i < spec->nnetworks; i++) {
		struct resource *r;

		if (!*spec->networks[i].host)
			continue;
		r = graph_declare(g, &resource_interface, spec->name, interface_name(a, spec, i), wanted_running(spec));
		resource_need(g, r, "dir", spec->name, NEED_LIVE);
		resource_need(g, r, "network", spec->networks[i].lima, NEED_LIVE);
		if (&spec->networks[i] == interface_first(spec)) {
			resource_need(g, r, "lease", arena_printf(a, "%s:" LEASE_SSH, spec->name), NEED_BUILD);
			if (cidata_resolves(spec))
				resource_need(g, r, "lease", arena_printf(a, "%s:" LEASE_DNS, spec->name), NEED_BUILD);
		}
		if (!wanted_running(spec))
			continue;
		resource_want(g, r, "mac", interface_mac(a, spec, i));
		resource_want(g, r, "plugged", "as wanted");
	}
	return 0;
}

/* The network that it is on: what it needs, or stands on. */
static const char *
network_of(const struct resource *r)
{
	const struct resource *n = resource_needed(r, "network");

	for (size_t i = 0; !n && i < r->nstands_on; i++)
		if (!strcmp(r->stands_on[i].to->type->name, "network"))
			n = r->stands_on[i].to;
	return n ? n->name : "";
}

static char *
port_path(const struct env *env, const struct resource *r)
{
	auto_free char *dir = usernet_dir(env->home, network_of(r));

	return xasprintf("%s/ports/%s", dir, r->name);
}

/* A machine that has given root up comes to it by a descriptor, and looks for its own port. */
static int
port_folder_open(const char *dir, struct error *err)
{
	auto_free char *ports = xasprintf("%s/ports", dir);

	return chmod(ports, 0711) < 0 ? error_errno(err, "%s", ports) : 0;
}

/* As its file would be with that address. */
static void
port_text(const struct resource *r, uint32_t ip, struct buf *out)
{
	AUTO(arena) a = { 0 };
	size_t i = 0;
	struct usernet_port p = { .ip = ip, .hostname = r->spec->hostname, .fleet = r->spec->fleet, .alias = r->spec->short_name };

	sscanf(strrchr(r->name, '.') + 1, "%zu", &i);
	p.socket = interface_here(&a, r->spec, i);
	usernet_mac_parse(p.mac, facts_get(&r->want, "mac"));
	p.ssh_port = lease_port(r, LEASE_SSH);
	p.dns_port = lease_port(r, LEASE_DNS);
	usernet_port_text(&p, out);
}

/* An address of the subnet that the network had before leads nowhere now. */
static bool
is_inside(const struct env *env, const struct resource *r, uint32_t ip)
{
	auto_free char *dir = usernet_dir(env->home, network_of(r));
	AUTO(arena) a = { 0 };
	struct usernet n;

	return usernet_load(&n, dir, &a, NULL) < 0 || (ip & n.mask) == n.base;
}

static int
interface_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = port_path(env, r);
	AUTO(buf) now = BUF_INIT;
	AUTO(buf) text = BUF_INIT;
	struct usernet_port p;
	int there = fs_read_if(path, &now, USERNET_FILE_MAX, err);

	if (there <= 0)
		return there;
	if (usernet_port_parse(&p, r->name, now.s, a, NULL) < 0) {
		facts_set(have, a, "plugged", "badly");
		return 1;
	}
	facts_setf(have, a, "mac", "%02x:%02x:%02x:%02x:%02x:%02x", p.mac[0], p.mac[1], p.mac[2], p.mac[3], p.mac[4], p.mac[5]);
	facts_set(have, a, "address", usernet_ip_text(a, p.ip));
	if (r->spec && facts_get(&r->want, "mac"))
		port_text(r, p.ip, &text);
	facts_set(have, a, "plugged", (!text.len || !strcmp(text.s, now.s)) && is_inside(env, r, p.ip) ? "as wanted" : "otherwise");
	return 1;
}

static int
interface_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = usernet_dir(env->home, network_of(r)), *path = port_path(env, r), *program = xasprintf("%s/lima-usernet", env->libexec);
	auto_close int lock = usernet_lock(dir, err);
	AUTO(buf) text = BUF_INIT;
	struct usernet n;
	uint32_t ip;

	if (lock < 0 || usernet_load(&n, dir, a, err) < 0 || usernet_lease(dir, &n, facts_get(&r->want, "mac"), &ip, err) < 0 ||
	    port_folder_open(dir, err) < 0)
		return -1;
	port_text(r, ip, &text);
	if (fs_make_room(path, err) < 0 || fs_write(path, text.s, text.len, 0600, err) < 0 || usernet_start(program, dir, err) < 0)
		return -1;
	return interface_observe(env, r, have, a, err) == 1 ? 0 : error_set(err, ERR_CHILD, "%s: gone right after it was written", path);
}

static int
interface_remove(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *path = port_path(env, r);

	return fs_drop(path, err);
}

const struct resource_type resource_interface = {
	.name = "interface",
	.about = "where the machine is plugged into a network: its address there, and what leads to it",
	.attrs = attrs,
	.declare = interface_declare,
	.observe = interface_observe,
	.ensure = interface_ensure,
	.remove = interface_remove,
};
