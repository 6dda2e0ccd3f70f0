/*
 * resources/probe.c - the probes, one by one: what is asked of the guest, and what it said
 *
 * `probe NAME:N` is there when it was content since the machine was started: in its boot, which waits for all of them, or when it was
 * asked by a step. One that has changed is asked anew of the running machine, behind the scripts that it may be about.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/quote/quote.h"
#include "hostagent/protocol/ha_client.h"
#include "hostagent/protocol/probe.h"
#include "providers/ssh/ssh.h"
#include "resources/guest_shell.h"
#include "resources/instance_paths.h"
#include "resources/lease.h"
#include "resources/provision_record.h"
#include "resources/ran.h"

enum {
	PATIENCE_S = 60,	/* of a guest that has booted; that of a boot is the boot's */
	AGAIN_NS = 1000 * 1000 * 1000,
	MOST_SAID = 64 << 10,
};

static const struct attr attrs[] = {
	RAN_COMPARED,
	{ .name = "asks", .cost = COST_NONE },
	RAN_TOLD,
	{ 0 },
};

extern const struct resource_type resource_probe;

static int
probe_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	AUTO(arena) a = { 0 };
	char id[PROBE_ID + 1];

	(void)env, (void)err;
	for (size_t i = 0; i < spec->nprobes; i++) {
		const struct spec_probe *p = &spec->probes[i];
		struct resource *r = graph_declare(g, &resource_probe, spec->name, arena_printf(&a, "%s:%zu", spec->name, i), wanted_running(spec));

		resource_need(g, r, "vm", spec->name, NEED_LIVE);
		resource_need(g, r, "ready", spec->name, NEED_BUILD);
		resource_need(g, r, "lease", arena_printf(&a, "%s:" LEASE_SSH, spec->name), NEED_BUILD);
		resource_need_each_if(g, r, "provision", spec->name, NEED_BUILD);
		probe_id(p->script, id);
		resource_want(g, r, "inputs", id);
		resource_want(g, r, "status", "0");
		resource_want(g, r, "asks", arena_printf(&a, "%.*s", (int)strcspn(p->description, "\n"), p->description));
		resource_want(g, r, "written in", *p->place ? p->place : NULL);
	}
	return 0;
}

static int
probe_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	struct facts record;
	int is = ran_observe(env, r, facts_get(&r->want, "inputs"), &record, have, a, err);

	return is < 0 ? -1 : is >= RAN_BEFORE;
}

/* 1: the boot has waited for it, and it was content; 0: it has not */
static int
probe_by_boot(const struct env *env, const struct resource *r, const char *id, const char *run, struct facts *record, struct arena *a,
	      struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	struct ha_condition *v = NULL;
	size_t n;

	/* An agent that cannot be asked is no reason not to ask the guest. */
	if (ha_conditions(dir, a, &v, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (v[i].probe && !strcmp(v[i].id, id) && !strcmp(v[i].state, "met")) {
			ran_by_boot(record, run, a);
			return ran_keep(env, r, id, record, 0, (long long)(v[i].seconds * 1e3), &(struct buf){ 0 }, a, err) < 0 ? -1 : 1;
		}
	return 0;
}

/* Asked once. -1: it could not be. */
static int
probe_ask(const struct env *env, const struct resource *r, const char *script, int timeout_ms, int *status, struct buf *log, struct error *err)
{
	struct guest_shell s = { .port = lease_port(r, LEASE_SSH), .as_user = true, .timeout_ms = timeout_ms, .max_output = 2 * MOST_SAID };
	AUTO(buf) input = BUF_INIT, out = BUF_INIT;
	const char *last;
	char *end;

	buf_adds(&input, probe_environment);
	buf_adds(&input, "{ printf %s ");
	quote_shell(&input, script);
	buf_adds(&input, " | ");
	probe_interpreter(&input, script);
	buf_addf(&input, " 2>&1; r=$?; echo; echo \"asked $r\"; } | tail -c %d\n", MOST_SAID);
	if (guest_shell(env, r->spec, &s, &input, &out, err) < 0)
		return -1;
	last = out.len > 1 && out.s[out.len - 1] == '\n' ? memrchr(out.s, '\n', out.len - 1) : NULL;
	if (!last || strncmp(last + 1, "asked ", 6) != 0)
		return error_set(err, ECONNRESET, "the guest has ended before the probe");
	*status = (int)strtol(last + 7, &end, 10) & 255;
	buf_truncate(log, 0);
	buf_add(log, out.s, (size_t)(last - out.s));
	return 0;
}

/* Until when it is asked again. */
static long long
probe_end(const struct env *env)
{
	int seconds = env->ready_timeout_s && env->ready_timeout_s < PATIENCE_S ? env->ready_timeout_s : PATIENCE_S;
	long long end = clock_ms() + seconds * 1000LL;

	return env->deadline_ms && env->deadline_ms < end ? env->deadline_ms : end;
}

/* Again and again, a second apart, until it is content or time is up. */
static int
probe_ask_until(const struct env *env, const struct resource *r, const char *script, int *status, struct buf *log, struct error *err)
{
	long long end = probe_end(env), left;

	for (;;) {
		left = end - clock_ms();
		if (probe_ask(env, r, script, left > 1000 ? (int)left : 1000, status, log, err) < 0)
			return -1;
		if (*status == 0 || clock_ms() + AGAIN_NS / 1000000 >= end)
			return 0;
		nanosleep(&(struct timespec){ .tv_sec = AGAIN_NS / 1000000000, .tv_nsec = AGAIN_NS % 1000000000 }, NULL);
		if (env->cancel && *env->cancel)
			return error_set(err, ERR_CANCELLED, "cancelled while its guest was asked: exit status %d", *status);
	}
}

static int
probe_by_step(const struct env *env, const struct resource *r, const char *id, const char *run, struct facts *record, struct arena *a,
	      struct error *err)
{
	const struct spec_probe *p = &r->spec->probes[ran_index(r)];
	struct ran_entry e = { arena_printf(a, "probes[%zu]", ran_index(r)), arena_printf(a, "%.*s", (int)strcspn(p->description, "\n"), p->description), p->place, false };
	long long since = clock_ms();
	AUTO(buf) log = BUF_INIT;
	int status = 0;

	if (ran_begin(env, r, id, run, RAN_BY_STEP, record, a, err) < 0)
		return -1;
	if (probe_ask_until(env, r, p->script, &status, &log, err) < 0)
		return error_wrap(err, "probes[%zu]%s%s%s: %s", ran_index(r), *p->place ? " (" : "", p->place, *p->place ? ")" : "", e.kind);
	if (ran_keep(env, r, id, record, status, clock_ms() - since, &log, a, err) < 0)
		return -1;
	return status ? ran_tell_failure(r, &e, record, &log, err) : 0;
}

static const char **
probe_ids(const struct spec *spec, struct arena *a)
{
	const char **ids = arena_alloc(a, (spec->nprobes + 1) * sizeof *ids);
	char id[PROBE_ID + 1];

	for (size_t i = 0; i < spec->nprobes; i++) {
		probe_id(spec->probes[i].script, id);
		ids[i] = arena_strdup(a, id);
	}
	return ids;
}

static int
probe_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const char **ids = probe_ids(r->spec, a), *run;
	size_t i = ran_index(r);
	struct facts record;
	int there = 0;

	if (ran_machine(env, r, a, &run, err) < 0)
		return -1;
	if (!run || i >= r->spec->nprobes)
		return error_set(err, ERR_INVALID, "%s: no machine to ask", r->name);
	if (provision_forget(env, r, ids, r->spec->nprobes, err) < 0)
		return -1;
	/* Done twice is done once; one that is to be asked anew has no record any more. */
	if (provision_record_load(env, r, ids[i], &record, a) && ran_in(&record, run) && !strcmp(facts_get(&record, "status"), "0")) {
		ran_tell(&record, r, ids[i], have, a);
		return 0;
	}
	/* What the boot was told of it does for one of which nothing was known yet. */
	if (!r->present && !r->down)
		there = probe_by_boot(env, r, ids[i], run, &record, a, err);
	if (there < 0 || (!there && probe_by_step(env, r, ids[i], run, &record, a, err) < 0))
		return -1;
	ran_tell(&record, r, ids[i], have, a);
	return 0;
}

/* Asked for anew, as by --replace: what it said is forgotten. */
static int
probe_remove(const struct env *env, const struct resource *r, struct error *err)
{
	const char *id = facts_get(&r->have, "inputs");

	return id && r->wanted && !ran_falls(r) ? provision_forget_one(env, r, id, err) : 0;
}

static const char *
probe_doing(const struct env *env, const struct resource *r, struct arena *a)
{
	(void)env;
	return arena_printf(a, "waits for: %.120s", or_unset(facts_get(&r->want, "asks")));
}

const struct resource_type resource_probe = {
	.name = "probe",
	.about = "a probe: what is asked of the guest until it is content",
	.attrs = attrs,
	.gone = "forgotten",
	.folds = true,
	.declare = probe_declare,
	.observe = probe_observe,
	.ensure = probe_ensure,
	.doing = probe_doing,
	.remove = probe_remove,
};
