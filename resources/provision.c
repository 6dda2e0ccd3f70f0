/*
 * resources/provision.c - the scripts, files and edits of `provision`, one by one: what each is made of, and how its run went
 *
 * `provision NAME:N` is there when it has run well since the machine was started: by the boot, since it was on the volume, or by a
 * step. One that has changed runs again on the running machine, if its mode lets it; what only a boot can run takes the machine down by
 * way of `cidata`. They run one after the other, in the order of a boot, and what stands behind one that fails waits for it.
 */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "hostagent/protocol/guest_file.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/driver.h"
#include "resources/instance_paths.h"
#include "resources/lease.h"
#include "resources/provision_list.h"
#include "resources/provision_record.h"
#include "resources/provision_run.h"
#include "resources/ran.h"

enum { MAX_LIST = 1 << 20 };

#define IS_THERE "there"

static const struct attr attrs[] = {
	RAN_COMPARED,
	{ .name = "file", .cost = COST_UPDATE, .judge = judge_known_update },	/* of mode data: what it is in the guest now */
	{ .name = "path", .cost = COST_NONE },
	{ .name = "mode", .cost = COST_NONE },
	RAN_TOLD,
	{ 0 },
};

extern const struct resource_type resource_provision;

/* As a boot takes them, kind after kind. */
static const enum provision_mode boot_order[] = {
	PROVISION_BOOT, PROVISION_DEPENDENCY, PROVISION_DATA, PROVISION_YQ, PROVISION_SYSTEM, PROVISION_USER,
};

static const char *
provision_name(struct arena *a, const struct spec *spec, size_t i)
{
	return arena_printf(a, "%s:%zu", spec->name, i);
}

/* What the file of an entry of mode data is to be. One that is not overwritten is only to be there. */
static void
provision_want_file(struct graph *g, struct resource *r, const struct spec *spec, size_t i)
{
	const struct spec_provision *p = &spec->provision[i];

	if (p->mode != PROVISION_DATA || !provision_runs_live(spec, i))
		return;
	resource_want(g, r, "path", p->path);
	resource_want(g, r, "file", p->overwrite ? guest_file_word(graph_arena(g), p->content, strlen(p->content), p->permissions) : IS_THERE);
}

static void
provision_declare_one(const struct spec *spec, struct graph *g, size_t i, const char *id, const char *before)
{
	AUTO(arena) a = { 0 };
	struct resource *r = graph_declare(g, &resource_provision, spec->name, provision_name(&a, spec, i), wanted_running(spec));

	resource_need(g, r, "vm", spec->name, NEED_LIVE);
	resource_need(g, r, "ready", spec->name, NEED_BUILD);
	resource_need(g, r, "lease", arena_printf(&a, "%s:" LEASE_SSH, spec->name), NEED_BUILD);
	if (before)
		resource_need(g, r, "provision", before, NEED_BUILD);
	resource_want(g, r, "inputs", id);
	resource_want(g, r, "status", "0");
	resource_want(g, r, "mode", provision_word(spec->provision[i].mode));
	provision_want_file(g, r, spec, i);
	resource_want(g, r, "written in", *spec->provision[i].place ? spec->provision[i].place : NULL);
}

static int
provision_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *const *ids = provision_ids(&a, spec);
	const char *before = NULL;

	(void)env, (void)err;
	for (size_t k = 0; k < ARRAY_LEN(boot_order); k++)
		for (size_t i = 0; i < spec->nprovision; i++)
			if (spec->provision[i].mode == boot_order[k]) {
				provision_declare_one(spec, g, i, ids[i], before);
				before = provision_name(&a, spec, i);
			}
	return 0;
}

/*
 * Is the file there still, as it was when the boot, or a step, had written it? One that something else of the boot has changed since is
 * only to be there: whose it is then, nobody knows. One that the boot has taken away again is not missed.
 */
static void
provision_look(const struct env *env, const struct resource *r, const struct facts *record, struct facts *have, struct arena *a)
{
	auto_free char *dir = instance_path(env, r, NULL);
	const char *path = facts_get(&r->want, "path"), *want = facts_get(&r->want, "file"), *was = facts_get(record, "file"), *now;

	facts_set(have, a, "file", NULL);
	if (!path || !want || strcmp(facts_get(record, "status"), "0") != 0)
		return;
	now = provision_file_now(dir, path, a);
	if (was && !strcmp(was, GUEST_FILE_GONE))
		now = NULL;
	if (now && (!strcmp(now, GUEST_FILE_GONE) || (was && !strcmp(was, want) && strcmp(want, IS_THERE) != 0)))
		facts_set(have, a, "file", now);
	else if (now)
		facts_set(have, a, "file", want);
}

/* A machine that an earlier version started has no list of what its volume has: it is left alone, until it is started anew. */
static bool
provision_is_unknown(const struct env *env, const struct resource *r)
{
	auto_free char *path = instance_path(env, r, PROVISION_BOOTED);

	return !fs_exists(path);
}

static int
provision_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const char *want = facts_get(&r->want, "inputs");
	struct facts record;
	int is = ran_observe(env, r, want, &record, have, a, err);

	if (is == RAN_NOW)
		provision_look(env, r, &record, have, a);
	return is < 0 ? -1 : is == RAN_NOT ? want && provision_is_unknown(env, r) : is >= RAN_BEFORE;
}

static int
provision_tell_failure(const struct resource *r, const struct facts *record, const struct buf *log, struct error *err)
{
	const struct spec_provision *p = &r->spec->provision[ran_index(r)];
	auto_free char *what = xasprintf("provision[%zu]", ran_index(r));
	struct ran_entry e = { what, provision_word(p->mode), p->place, .degraded = !strcmp(facts_get(record, "ran"), RAN_BY_BOOT) };

	return ran_tell_failure(r, &e, record, log, err);
}

static const char *
provision_boot_file(const struct provision_booted *v, size_t n, size_t i)
{
	char name[32];

	snprintf(name, sizeof name, PROVISION_FILE "%zu", i);
	for (size_t k = 0; k < n; k++)
		if (!strcmp(v[k].file, name))
			return v[k].log;
	return NULL;
}

/*
 * A guest may not be told by its user what its boot has run: one who has sudo with a password only, or none. That all is well, or
 * what is not, is then known from the host agent, which saw the boot.
 */
static int
provision_untold(const struct resource *r, const struct error *why, struct arena *a, struct error *err)
{
	struct ha_info info = { 0 };

	if (why->code != ERR_CHILD)
		return error_set(err, why->code, "%s", why->msg);
	if (ha_info_soon(r->spec->dir, a, &info, NULL) < 0 || info.phase != HA_DEGRADED)
		return 0;
	return error_set(err, ERR_CHILD, "DEGRADED: it runs, but %.*s", (int)strcspn(info.errors, "\n"), info.errors);
}

/* What the boot has run of these, and of the other entries: all is asked for at once, and kept. */
static int
provision_collect(const struct env *env, const struct resource *r, const char *run, const char *booted, struct arena *a, struct error *err)
{
	const char *const *ids = provision_ids(a, r->spec);
	struct provision_booted *v = NULL;
	struct error why = { 0 };
	size_t n = 0;

	if (provision_boot_results(env, r, a, &v, &n, &why) < 0 && provision_untold(r, &why, a, err) < 0)
		return -1;
	for (size_t i = 0; i < r->spec->nprovision; i++) {
		const char *file = ids[i] ? provision_booted_find(booted, ids[i], a) : NULL;
		struct facts record;
		size_t k = 0;

		if (!file || (provision_record_load(env, r, ids[i], &record, a) && ran_in(&record, run)))
			continue;
		for (char *slash = strchr(file, '/'); slash; slash = NULL)
			*slash = '.';
		while (k < n && strcmp(v[k].file, file) != 0)
			k++;
		ran_by_boot(&record, run, a);
		facts_set(&record, a, "file", provision_boot_file(v, n, i));
		if (ran_keep(env, r, ids[i], &record, k < n ? v[k].status : 0, k < n ? v[k].took_ms : 0,
				   k < n ? &(struct buf){ .s = (char *)(uintptr_t)v[k].log, .len = v[k].len } : NULL, a, err) < 0)
			return -1;
	}
	return 0;
}

/* 1: the boot has run it, and its record is there now; 0: it has not */
static int
provision_by_boot(const struct env *env, const struct resource *r, const char *id, const char *run, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, PROVISION_BOOTED);
	AUTO(buf) booted = BUF_INIT;
	int there = fs_read_if(path, &booted, MAX_LIST, err);

	if (there <= 0 || !provision_booted_find(booted.s, id, a))
		return there < 0 ? -1 : 0;
	return provision_collect(env, r, run, booted.s, a, err) < 0 ? -1 : 1;
}

static int
provision_by_step(const struct env *env, const struct resource *r, const char *id, const char *run, struct facts *record, struct arena *a,
		  struct error *err)
{
	AUTO(buf) log = BUF_INIT;
	struct provision_run p = { .i = ran_index(r), .id = id, .log = &log };
	long long since = clock_ms();
	struct error why = { 0 };

	if (ran_begin(env, r, id, run, RAN_BY_STEP, record, a, err) < 0)
		return -1;
	if (provision_run_live(env, r, &p, &why) < 0) {
		if (why.code == ERR_CANCELLED)
			env->say(env, SAY_WARN, "provision %s: ended in the guest, too; the next apply runs it again", r->name);
		return error_set(err, why.code, "%s: not run to its end: %s", r->name, why.msg);
	}
	facts_set(record, a, "file", p.status ? NULL : facts_get(&r->want, "file"));
	if (ran_keep(env, r, id, record, p.status, clock_ms() - since, &log, a, err) < 0)
		return -1;
	return p.status ? provision_tell_failure(r, record, &log, err) : 0;
}

static bool
provision_has_drifted(const struct resource *r)
{
	const char *want = facts_get(&r->want, "file"), *have = r->present ? facts_get(&r->have, "file") : NULL;

	return want && have && strcmp(want, have) != 0;
}

/* One that a boot has run, and that has failed, is told once; then it is run again. */
static int
provision_settle(const struct env *env, const struct resource *r, const char *id, const char *run, struct facts *record, struct arena *a,
		 struct error *err)
{
	AUTO(buf) log = BUF_INIT;
	int there;

	if (provision_record_load(env, r, id, record, a) && ran_in(record, run)) {
		if (!strcmp(facts_get(record, "status"), PROVISION_BEGUN))
			env->say(env, SAY_INFO, "provision %s: its last run did not come to its end: it is run again", r->name);
		if (!strcmp(facts_get(record, "status"), "0") && !provision_has_drifted(r))
			return 0;
		return provision_by_step(env, r, id, run, record, a, err);
	}
	there = provision_by_boot(env, r, id, run, a, err);
	if (there < 0)
		return -1;
	if (!there)
		return provision_by_step(env, r, id, run, record, a, err);
	provision_record_load(env, r, id, record, a);
	if (!strcmp(facts_get(record, "status"), "0"))
		return 0;
	{
		auto_free char *path = xasprintf("%s/" PROVISION_FOLDER "/%s.log", r->spec->dir, id);

		fs_read_if(path, &log, PROVISION_LOG_MAX, NULL);
	}
	return provision_tell_failure(r, record, &log, err);
}

static int
provision_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const char *const *ids = provision_ids(a, r->spec);
	size_t i = ran_index(r);
	struct facts record;
	const char *run;

	if (ran_machine(env, r, a, &run, err) < 0)
		return -1;
	if (!run || i >= r->spec->nprovision || !ids[i])
		return error_set(err, ERR_INVALID, "%s: no machine to run it on", r->name);
	if (provision_forget(env, r, ids, r->spec->nprovision, err) < 0 ||
	    provision_forget_booted(env, r, ids, r->spec->nprovision, NULL, err) < 0)
		return -1;
	/* What only a boot can run was on the volume, or the machine is one of an earlier version. */
	if (!provision_runs_live(r->spec, i) && provision_is_unknown(env, r))
		return 0;
	if (provision_settle(env, r, ids[i], run, &record, a, err) < 0)
		return -1;
	ran_tell(&record, r, ids[i], have, a);
	return 0;
}

/* What it did cannot be taken back. That it has run is forgotten where it is to run anew; with the machine, and with its entry, it goes by itself. */
static int
provision_remove(const struct env *env, const struct resource *r, struct error *err)
{
	const char *id = facts_get(&r->have, "inputs");

	if (!id || !r->wanted || ran_falls(r))
		return 0;
	return provision_forget_one(env, r, id, err) < 0 ? -1 : provision_forget_booted(env, r, NULL, 0, id, err);
}

const struct resource_type resource_provision = {
	.name = "provision",
	.about = "a script, file or edit of `provision`, as it has run in the guest since that was started",
	.gone = "forgotten",
	.folds = true,
	.attrs = attrs,
	.declare = provision_declare,
	.observe = provision_observe,
	.ensure = provision_ensure,
	.remove = provision_remove,
};
