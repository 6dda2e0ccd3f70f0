#include "cli/args/fleet_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/host.h"
#include "base/size.h"
#include "cli/cli.h"
#include "cli/args/fleet_args.h"
#include "providers/driver.h"
#include "state/desired/fleet/fleet.h"

struct fit {
	uint64_t all, new;		/* of all members; of those that do not run yet */
	size_t nnew;
	const struct fleet_member *largest;
	uint64_t most;
};

static void
host_count(struct fit *fit, const struct fleet *f, struct spec *const *specs)
{
	for (size_t i = 0; i < f->nmembers; i++) {
		uint64_t bytes = specs[i]->memory_bytes;
		pid_t pid;

		fit->all += bytes;
		if (bytes > fit->most) {
			fit->most = bytes;
			fit->largest = &f->members[i];
		}
		if (driver_of(specs[i]->dir, &pid))
			continue;
		fit->new += bytes;
		fit->nnew++;
	}
}

/* --- what the kernel has --- */

enum {
	DESCRIPTORS_EACH = 120,		/* of a machine, its host agent and the helper, with what a busy guest has them open */
	WATCHERS_SPARE = 16,		/* of the user's editors and desktop */
};

/* The first number of a file of /proc, and the third, if it is asked for; 0: it cannot be told. */
static unsigned long long
host_limit(const char *path, unsigned long long *third)
{
	FILE *f = fopen(path, "re");
	unsigned long long first = 0, second, last = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%llu %llu %llu", &first, &second, &last) < 1)
		first = 0;
	if (third)
		*third = last;
	fclose(f);
	return first;
}

/* Each host agent watches its files with one of the few watchers that the kernel lets a user have. */
static int
host_check_kernel(struct cli *c, const struct fleet *f, const struct fit *fit, struct error *err)
{
	unsigned long long most = 0, open = host_limit("/proc/sys/fs/file-nr", &most);
	unsigned long long watchers = host_limit("/proc/sys/fs/inotify/max_user_instances", NULL), all = f->nmembers;

	if (most && open + fit->nnew * DESCRIPTORS_EACH > most)
		return error_set(err, ERR_REFUSED, "%s: instances: the %zu that do not run yet need some %zu open files, and this host has %llu left; "
				 "`sysctl fs.file-max` says how many it may have", f->file, fit->nnew, fit->nnew * DESCRIPTORS_EACH, most - open);
	if (watchers && fit->nnew && all + WATCHERS_SPARE > watchers)
		cli_say(&c->env, SAY_WARN, "%s: instances: %llu host agents watch files of theirs, and the kernel lets a user have %llu such watchers: "
			"the consoles of the others are not followed; as root, `sysctl fs.inotify.max_user_instances=%llu` allows more", f->file,
			all, watchers, all * 2 + WATCHERS_SPARE);
	return 0;
}

/* Disks grow as they are written to, so that they do not all fit is no error yet. */
static void
host_check_room(struct cli *c, const struct fleet *f, struct spec *const *specs)
{
	uint64_t most = 0, room;
	size_t n = 0;

	for (size_t i = 0; i < f->nmembers; i++) {
		if (fs_exists(specs[i]->dir))
			continue;
		most += specs[i]->disk_bytes;
		n++;
	}
	if (n && fs_free_bytes(c->env.home, &room) && most > room)
		cli_say(&c->env, SAY_WARN, "%s: instances: the disks of the %zu that are not there yet may grow to %s together, and %s is free in %s", f->file,
			n, size_text(&c->arena, most), size_text(&c->arena, room), c->env.home);
}

/* --- what others have --- */

struct others {
	struct fleet_member *members;
	struct spec **specs;
	size_t n, cap, spec_cap;
};

static void
others_release(struct others *o)
{
	for (size_t i = 0; i < o->n; i++)
		spec_free(o->specs[i]);
	free(o->members);
	free(o->specs);
}

static bool
others_are_ours(struct cli *c, const struct fleet *f, const char *name)
{
	struct fleet_note note;

	for (size_t i = 0; i < f->nmembers; i++)
		if (!strcmp(f->members[i].name, name))
			return true;
	return fleet_note(c, name, &note, NULL) == 0 && !strcmp(note.fleet, f->name);
}

/* One whose lima.yaml cannot be read claims nothing that could be told here. */
static int
others_find(struct cli *c, const struct fleet *f, const struct spec_opts *opts, struct others *o, struct error *err)
{
	AUTO(names) all = { 0 };
	pid_t pid;

	if (names_list(&all, c->env.home, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		const char *dir = arena_printf(&c->arena, "%s/%s", c->env.home, all.v[i]);
		const char *file = arena_printf(&c->arena, "%s/lima.yaml", dir);
		struct spec *s;

		if (others_are_ours(c, f, all.v[i]) || !driver_of(dir, &pid) || spec_load_instance(&s, all.v[i], opts, NULL) < 0)
			continue;
		GROW(o->members, o->n, o->cap);
		GROW(o->specs, o->n, o->spec_cap);
		o->specs[o->n] = s;
		o->members[o->n++] = (struct fleet_member){ .name = arena_strdup(&c->arena, all.v[i]), .key = arena_strdup(&c->arena, all.v[i]),
							    .place = { .file = file, .line = 1, .col = 1 } };
	}
	return 0;
}

int
fleet_check_taken(struct cli *c, const struct fleet *f, struct spec *const *specs, const struct spec_opts *opts, struct error *err)
{
	AUTO(others) o = { 0 };
	struct fit fit = { 0 };

	host_count(&fit, f, specs);
	if (fit.nnew && others_find(c, f, opts, &o, err) < 0)
		return -1;
	return fleet_check_claims(f, specs, &(struct fleet_others){ o.members, o.specs, o.n }, opts, err);
}

int
fleet_check_host(struct cli *c, const struct fleet *f, struct spec *const *specs, struct error *err)
{
	uint64_t total = os_host_memory(false), available = os_host_memory(true), limit = total;
	bool given = f->memory_most || f->memory_part > 0;
	struct fit fit = { 0 };

	host_count(&fit, f, specs);
	if (host_check_kernel(c, f, &fit, err) < 0)
		return -1;
	host_check_room(c, f, specs);
	if (!total || !fit.largest)
		return 0;
	if (f->memory_most)
		limit = f->memory_most;
	else if (f->memory_part > 0)
		limit = (uint64_t)((double)total * f->memory_part);
	if (fit.all > limit)
		return error_set(err, ERR_REFUSED, "%s: instances: all %zu together want %s of memory, and %s is %s%s; the most wants `%s` in line %u, which is %s",
				 f->file, f->nmembers, size_text(&c->arena, fit.all), given ? "`capacity.memory`" : "that of this host",
				 size_text(&c->arena, limit), given ? "" : " (`capacity: {memory: 200%}` allows more than there is)", fit.largest->name,
				 fit.largest->place.line, size_text(&c->arena, fit.most));
	if (available && fit.new > available)
		cli_say(&c->env, SAY_WARN, "%s: instances: the %zu that do not run yet want %s of memory, and %s is free", f->file, fit.nnew,
			size_text(&c->arena, fit.new), size_text(&c->arena, available));
	return 0;
}
