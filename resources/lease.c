/* resources/lease.c - a port of this host that an instance keeps, or a data disk that its machine holds (lease.h) */
#include "resources/lease.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/dns_port.h"
#include "providers/launch.h"
#include "providers/listeners.h"
#include "providers/port_book.h"
#include "providers/ssh/ssh_config.h"
#include "resources/cidata_files.h"
#include "resources/disk_lock.h"
#include "resources/instance_paths.h"

enum { TRIES = 1000 };	/* of ports that other instances keep, one after the other */

static const struct attr attrs[] = {
	{ .name = "port", .cost = COST_UPDATE, .show = SHOW_NEVER },
	{ .name = "state", .cost = COST_UPDATE, .show = SHOW_NEVER },	/* "ours", "in use" by another, "shared" with another instance */
	{ .name = "use", .cost = COST_NONE, .show = SHOW_NEVER },	/* "now": a machine is to listen there */
	{ 0 },
};

extern const struct resource_type resource_lease;

/* --- the kinds --- */

static int
ssh_usable(int port, struct error *err)
{
	return ssh_port_usable("127.0.0.1", port, err);
}

static int
ssh_noted(const char *dir)
{
	auto_free char *path = xasprintf("%s/ssh.config", dir);

	return ssh_config_port(path);
}

static int
dns_noted(const char *dir)
{
	auto_free char *path = xasprintf("%s/cidata.iso", dir);

	return cidata_port(path);
}

static const struct lease_kind {
	const char *word;
	port_usable *usable;
	int (*noted)(const char *dir);	/* by a version that had no leases; 0: not */
} kinds[] = {
	{ LEASE_SSH, ssh_usable, ssh_noted },
	{ LEASE_DNS, dns_port_usable, dns_noted },
};

static const struct lease_kind *
kind_of(const struct resource *r)
{
	const char *colon = strrchr(r->name, ':');

	return &kinds[colon && !strcmp(colon + 1, LEASE_DNS)];
}

static char *
lease_path(const char *home, const char *instance, const char *kind)
{
	return xasprintf("%s/%s/lease.%s", home, instance, kind);
}

/* 0: no such file, or no port in it */
static int
read_port(const char *path)
{
	AUTO(buf) b = BUF_INIT;
	int port, end = 0;

	if (fs_read_if(path, &b, 64, NULL) != 1 || sscanf(b.s, "%d\n%n", &port, &end) != 1 || (size_t)end != b.len)
		return 0;
	return port > 0 && port < 65536 ? port : 0;
}

/* --- who else has it --- */

/* Another instance of this home that keeps that port for its sshd; "" : none. To free. */
static char *
other_keeper(const struct env *env, const char *self, int port)
{
	auto_dir DIR *d = opendir(env->home);

	for (struct dirent *e; d && (e = readdir(d));) {
		auto_free char *path = lease_path(env->home, e->d_name, LEASE_SSH), *dir = xasprintf("%s/%s", env->home, e->d_name);
		int has = *e->d_name == '.' || *e->d_name == '_' || !strcmp(e->d_name, self) ? 0 : read_port(path);

		if ((has ? has : *e->d_name == '.' || *e->d_name == '_' || !strcmp(e->d_name, self) ? 0 : ssh_noted(dir)) == port)
			return xstrdup(e->d_name);
	}
	return xstrdup("");
}

int
lease_check(const struct env *env, const struct resource *r, const char *kind, int port, struct error *err)
{
	const struct lease_kind *k = &kinds[!strcmp(kind, LEASE_DNS)];
	bool fixed = r->spec->ssh.local_port && !strcmp(kind, LEASE_SSH);
	auto_free char *other = NULL;
	AUTO(arena) a = { 0 };
	struct listener who;

	if (k->usable(port, err) == 0)
		return 0;
	other = strcmp(kind, LEASE_SSH) ? xstrdup("") : other_keeper(env, r->owner, port);
	(void)listener_find("127.0.0.1", port, !strcmp(kind, LEASE_DNS), env->home, &who);
	return error_set(err, EADDRINUSE, "%s port %d of 127.0.0.1 is in use by %s%s%s; %s", kind, port,
			 *other ? "the instance `" : listener_text(&a, &who), other, *other ? "`" : "",
			 fixed ? "stop that, or set ssh.localPort to another" : "run the command again, which chooses another");
}

int
lease_check_next(const struct env *env, const struct resource *r, struct error *err)
{
	int port = r->spec->ssh.local_port;
	auto_free char *other = port && (!r->present || port != lease_port(r, LEASE_SSH)) ? other_keeper(env, r->owner, port) : NULL;

	/* One of another instance may be free by then. */
	return !other || *other ? 0 : lease_check(env, r, LEASE_SSH, port, err);
}

/* --- data disks: the lease is the link beside the disk (disk_lock.h) --- */

/* The disk of a lease NAME:disk/DISK; NULL: it is one of a port. */
static const char *
lease_disk_of(const struct resource *r)
{
	const char *colon = strrchr(r->name, ':');

	return colon && !strncmp(colon + 1, LEASE_DISK, strlen(LEASE_DISK)) ? colon + 1 + strlen(LEASE_DISK) : NULL;
}

static void
declare_disk(const struct spec *spec, struct graph *g, const char *disk)
{
	auto_free char *name = xasprintf("%s:" LEASE_DISK "%s", spec->name, disk);
	struct resource *r = graph_declare(g, &resource_lease, spec->name, name, wanted_machine(spec));

	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	resource_need(g, r, "data-disk", disk, NEED_BUILD);
}

/* --- the type --- */

static void
lease_declare_one(const struct spec *spec, struct graph *g, const char *kind, int fixed)
{
	auto_free char *name = xasprintf("%s:%s", spec->name, kind);
	struct resource *r = graph_declare(g, &resource_lease, spec->name, name, instance_paths_wanted(spec));

	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	if (fixed)
		resource_wantf(g, r, "port", "%d", fixed);
	if (instance_paths_wanted(spec))
		resource_want(g, r, "state", "ours");
	if (wanted_running(spec))
		resource_want(g, r, "use", "now");
}

static int
lease_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	(void)env, (void)err;
	lease_declare_one(spec, g, LEASE_SSH, spec->ssh.local_port);
	if (cidata_resolves(spec))
		lease_declare_one(spec, g, LEASE_DNS, 0);
	for (size_t i = 0; i < spec->ndisks; i++)
		declare_disk(spec, g, spec->disks[i].name);
	return 0;
}

/* Of a machine that an older version started, or whose file is gone: what its launch file or its configuration says. */
static int
port_without_file(const struct env *env, const struct resource *r, const struct lease_kind *k)
{
	auto_free char *dir = instance_path(env, r, NULL), *path = instance_path(env, r, "launch.json");
	AUTO(launch) l = { 0 };

	if (instance_runs(env, r) && launch_load(&l, path, NULL) == 0)
		return !strcmp(k->word, LEASE_SSH) ? l.ssh.port : l.dns.port;
	return k->noted(dir);
}

/* The one that keep_any_port() would take now; -1: none. */
static int
next_port(const struct env *env, const struct resource *r, const struct lease_kind *k)
{
	auto_free char *dir = instance_path(env, r, NULL), *path = lease_path(env->home, r->owner, k->word);
	int port = port_draw(dir, 0, k->usable, NULL);

	for (int i = 0; i < TRIES && port > 0 && port_book_has(env->home, port, path); i++)
		port = port_draw(dir, port, k->usable, NULL);
	return port;
}

/* Is it still to be had, for a machine that is to start? The next one is chosen now, so that the plan can name it. */
static void
lease_tell_state(const struct env *env, const struct resource *r, const struct lease_kind *k, struct facts *have, struct arena *a)
{
	auto_free char *other = NULL;
	const char *fixed = facts_get(&r->want, "port");
	int port = (int)facts_int(have, "port", 0), next;

	facts_set(have, a, "state", "ours");
	facts_set(have, a, "next", NULL);
	facts_set(have, a, "other", NULL);
	if (!facts_get(&r->want, "use") || instance_runs(env, r) || (fixed && atoi(fixed) != port) || k->usable(port, NULL) == 0)
		return;
	other = strcmp(k->word, LEASE_SSH) ? xstrdup("") : other_keeper(env, r->owner, port);
	facts_set(have, a, "state", "in use");
	facts_set(have, a, "other", *other ? other : NULL);
	if (!fixed && (next = next_port(env, r, k)) > 0)
		facts_setf(have, a, "next", "%d", next);
}

/*
 * One that is asked for and has not been leased yet: there is something to tell of it only if another instance has it,
 * which may be down, or if the machine could not listen there now.
 */
static int
observe_new(const struct env *env, const struct resource *r, const struct lease_kind *k, struct facts *have, struct arena *a)
{
	const char *fixed = facts_get(&r->want, "port");
	auto_free char *other = fixed ? other_keeper(env, r->owner, atoi(fixed)) : NULL;
	bool busy = fixed && facts_get(&r->want, "use") && k->usable(atoi(fixed), NULL) < 0;

	if (!fixed || (!*other && !busy))
		return 0;
	facts_set(have, a, "port", fixed);
	facts_set(have, a, "stamp", NULL);
	facts_set(have, a, "state", busy ? "in use" : "shared");
	facts_set(have, a, "other", *other ? other : NULL);
	return 1;
}

static int
lease_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const struct lease_kind *k = kind_of(r);
	auto_free char *path = lease_path(env->home, r->owner, k->word);
	const char *stamp;
	int there, port;

	if (lease_disk_of(r))
		return disk_is_locked(env, r, lease_disk_of(r));
	there = fs_look_derived(path, a, &stamp, err);
	if (there < 0)
		return -1;
	if (!there || !facts_same_stamp(have, stamp)) {
		port = there ? read_port(path) : 0;
		if (!port && (port = port_without_file(env, r, k)) <= 0 && !instance_runs(env, r))
			return observe_new(env, r, k, have, a);
		/* A machine that runs without this port gets one at its next start. */
		facts_setf(have, a, "port", "%d", port);
		facts_set(have, a, "stamp", there ? stamp : NULL);
	}
	lease_tell_state(env, r, k, have, a);
	return 1;
}

/* The one asked for, or the one it has; 0: it may be any; -1: the one asked for is not to be had. */
static int
port_settled(const struct env *env, const struct resource *r, const struct lease_kind *k, const struct facts *have, struct error *err)
{
	int port = (int)facts_int(&r->want, "port", 0);
	const char *state = facts_get(have, "state");

	if (port)
		return facts_get(&r->want, "use") && !instance_runs(env, r) && lease_check(env, r, k->word, port, err) < 0 ? -1 : port;
	return !state || !strcmp(state, "ours") ? (int)facts_int(have, "port", 0) : 0;
}

/* The one that the file names so far is given up: its entry goes with it. */
static int
write_port(const struct env *env, const char *path, int port, struct error *err)
{
	auto_free char *text = xasprintf("%d\n", port);
	int had = read_port(path);

	if (had == port)
		return 0;
	if (had)
		port_book_strike(env->home, had, path);
	return fs_make_room(path, err) < 0 ? -1 : fs_write(path, text, strlen(text), 0600, err);
}

/* Any port that no other lease of this home has; the one that the plan named, if that is still to be had. */
static int
keep_any_port(const struct env *env, const struct resource *r, const struct lease_kind *k, const char *path, int named, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	int port = named > 0 && k->usable(named, NULL) == 0 ? named : port_draw(dir, 0, k->usable, err), entered;

	for (int i = 0; i < TRIES && port > 0; i++) {
		if (write_port(env, path, port, err) < 0 || (entered = port_book_enter(env->home, port, path, err)) < 0)
			return -1;
		if (entered)
			return 0;
		port = port_draw(dir, port, k->usable, err);
	}
	return port < 0 ? -1 : error_set(err, EADDRINUSE, "the ports of 127.0.0.1 up to %d are kept by other instances; set one yourself, or delete some", port);
}

/*
 * The port that it has, in its file and in the book: a kill may have come between the two. One that another lease has entered there
 * meanwhile is given up, unless a machine listens there already.
 */
static int
keep_this_port(const struct env *env, const struct resource *r, const struct lease_kind *k, const char *path, int port, struct error *err)
{
	int entered;

	if (write_port(env, path, port, err) < 0)
		return -1;
	if (facts_get(&r->want, "port"))
		return 0;
	entered = port_book_enter(env->home, port, path, err);
	return entered < 0 ? -1 : entered || instance_runs(env, r) ? 0 : keep_any_port(env, r, k, path, 0, err);
}

static int
lease_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const struct lease_kind *k = kind_of(r);
	auto_free char *path = lease_path(env->home, r->owner, k->word);
	int port;

	if (lease_disk_of(r))
		return disk_lock(env, r, lease_disk_of(r), err);
	if ((port = port_settled(env, r, k, have, err)) < 0)
		return -1;
	if ((port ? keep_this_port(env, r, k, path, port, err) : keep_any_port(env, r, k, path, (int)facts_int(have, "next", 0), err)) < 0)
		return -1;
	facts_set(have, a, "stamp", NULL);
	return lease_observe(env, r, have, a, err) == 1 ? 0 : error_set(err, EIO, "%s: gone right after it was written", path);
}

static int
remove_lease(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *path = lease_path(env->home, r->owner, kind_of(r)->word);
	bool struck;

	if (lease_disk_of(r))
		return disk_unlock(env, r, lease_disk_of(r), err);
	struck = port_book_strike(env->home, read_port(path), path);
	if (fs_drop(path, err) < 0)
		return -1;
	if (!struck)
		port_book_sweep(env->home);
	return 0;
}

static void
lease_detail(const struct resource *r, detail_say *say, void *ctx)
{
	const char *port = facts_get(&r->have, "port"), *state = facts_get(&r->have, "state"), *fixed = facts_get(&r->want, "port");
	const char *next = facts_get(&r->have, "next"), *other = facts_get(&r->have, "other");
	auto_free char *what = xasprintf("%s port", kind_of(r)->word), *has = NULL;

	if (!r->present || !port)
		return;
	if (state && strcmp(state, "ours") != 0) {
		has = xasprintf("%s is %s %s%s%s", port, strcmp(state, "shared") ? "in use by" : "also that of", other ? "the instance `" : "another program", other ? other : "", other ? "`" : "");
		say(ctx, &(struct detail){ .what = what, .have = has, .want = fixed ? fixed : next });
	} else if (fixed && strcmp(fixed, port) != 0) {
		say(ctx, &(struct detail){ .what = what, .have = port, .want = fixed });
	}
}

int
lease_port(const struct resource *r, const char *kind)
{
	for (size_t i = 0; i < r->nneeds; i++) {
		const struct resource *to = r->needs[i].to;

		if (to->type == &resource_lease && !lease_disk_of(to) && !strcmp(kind_of(to)->word, kind))
			return (int)facts_int(&to->have, "port", 0);
	}
	return 0;
}

const struct resource_type resource_lease = {
	.name = "lease",
	.about = "a port of this host that the instance keeps, or a data disk that its machine holds",
	.attrs = attrs,
	.declare = lease_declare,
	.observe = lease_observe,
	.ensure = lease_ensure,
	.remove = remove_lease,
	.detail = lease_detail,
};
