#include "resources/vm_live.h"

#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/driver.h"
#include "resources/instance_paths.h"
#include "resources/machine.h"

#define LIVE "live "	/* before what can be changed */
#define BETWEEN "~"	/* before what is being changed */

static const struct vm_live_row *const rows[] = { &vm_live_disks, &vm_live_memory, &vm_live_cpus, &vm_live_env };

const char *
vm_live_bare(const char *value)
{
	if (!strncmp(value, LIVE, strlen(LIVE)))
		value += strlen(LIVE);
	return *value == *BETWEEN ? value + 1 : value;
}

/* Where nothing is known, there is no difference. */
enum cost
judge_vm_live(const char *have, const char *want)
{
	(void)want;
	return !*have ? COST_NONE : !strncmp(have, LIVE, strlen(LIVE)) ? COST_UPDATE : COST_REPLACE;
}

void
vm_live_want(struct graph *g, struct resource *r, const struct spec *spec)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		resource_want(g, r, rows[i]->attr, rows[i]->want(spec, graph_arena(g)));
}

void
vm_live_recall(struct facts *have, struct arena *a)
{
	const char *keys = facts_get(have, "machine keys");

	for (size_t i = 0; keys && i < ARRAY_LEN(rows); i++)
		if (!facts_get(have, rows[i]->attr))
			facts_set(have, a, rows[i]->attr, rows[i]->recall(keys, a));
}

const char *
vm_live_key(const char *keys, const char *path, struct arena *a)
{
	size_t len = strlen(path);

	for (const char *p = keys, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		const char *eq = p + len + (p[len] == ':');

		if (!strncmp(p, path, len) && *eq == '=')
			return arena_memdup(a, eq + 1, (size_t)(nl - eq - 1));
	}
	return NULL;
}

static const char *
live_why_not(const struct spec *spec, const struct vm_live_row *row, const char *have, const char *want, struct arena *a)
{
	pid_t pid;
	const struct driver *d = driver_of(spec->dir, &pid);
	const char *why;

	if (!d || (!row->guests && !d->live))
		return d ? "its driver changes nothing of a machine that runs" : "it does not run";
	why = !row->guests && d->live->why_not ? d->live->why_not(spec->dir) : NULL;
	return why ? why : row->why_not(spec, d, vm_live_bare(have), want, a);
}

/* Only of what is to be done is it asked: nobody else needs to know. */
void
vm_live_tell(const struct resource *r, const char *dir, struct facts *have, struct arena *a)
{
	pid_t pid;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *had = facts_get(have, rows[i]->attr), *want = facts_get(&r->want, rows[i]->attr);

		if (had && !strncmp(had, LIVE, strlen(LIVE)))
			facts_set(have, a, rows[i]->attr, had = had + strlen(LIVE));
		if (!had && want && rows[i]->assumed)
			facts_set(have, a, rows[i]->attr, had = want);
		if (had && want && rows[i]->same && rows[i]->same(had, want, a))
			facts_set(have, a, rows[i]->attr, had = want);
		if (!had || !want || !r->spec || !strcmp(had, want) || !wanted_running(r->spec) || !driver_of(dir, &pid))
			continue;
		if (!live_why_not(r->spec, rows[i], had, want, a))
			facts_set(have, a, rows[i]->attr, arena_printf(a, LIVE "%s", had));
	}
}

static int
live_row_apply(const struct env *env, const struct resource *r, const struct vm_live_row *row, struct facts *now, struct arena *a, const char *file,
	       struct error *err)
{
	const char *want = facts_get(&r->want, row->attr), *had = facts_get(now, row->attr);
	pid_t pid;
	const struct driver *d = driver_of(r->spec->dir, &pid);

	if (!had && row->assumed)
		had = facts_get(&r->have, row->attr);
	if (!want || !had || !strcmp(want, had))
		return 0;
	if (!d || (!row->guests && !d->live))
		return error_set(err, ERR_INVALID, "the machine has ended meanwhile");
	had = vm_live_bare(had);
	facts_set(now, a, row->attr, arena_printf(a, BETWEEN "%s", row->between(had, want, a)));
	if (machine_facts_save(file, now, err) < 0 || row->apply(env, r, d, had, want, err) < 0)
		return -1;
	facts_set(now, a, row->attr, want);
	return machine_facts_save(file, now, err);
}

int
vm_live_apply(const struct env *env, const struct resource *r, const char *file, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct facts now = { 0 };

	machine_facts_load(file, &now, &a);
	vm_live_recall(&now, &a);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (live_row_apply(env, r, rows[i], &now, &a, file, err) < 0)
			return -1;
	return 0;
}

bool
vm_live_would(const struct spec *spec, const char *path, struct arena *a, const char **why)
{
	auto_free char *file = xasprintf("%s/launch.facts", spec->dir);
	struct facts now = { 0 };
	pid_t pid;

	*why = NULL;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i]->key);
		const char *had, *want;

		if (strncmp(path, rows[i]->key, len) != 0 || (path[len] && path[len] != '.' && path[len] != '['))
			continue;
		machine_facts_load(file, &now, a);
		vm_live_recall(&now, a);
		had = facts_get(&now, rows[i]->attr);
		want = rows[i]->want(spec, a);
		if (!had || !want || !wanted_running(spec) || !driver_of(spec->dir, &pid))
			return false;
		*why = live_why_not(spec, rows[i], had, want, a);
		return !*why;
	}
	return false;
}
