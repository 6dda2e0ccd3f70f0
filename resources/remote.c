/*
 * resources/remote.c - a member of a fleet that an engine runs on another host: one resource here, a whole instance there.
 *
 * How it was found is in spec->away: all nodes are looked at once, before anything is declared, since where a member is decides where the
 * others go. What moves behind that is refused by the node itself, by the generation that is kept there.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "providers/cluster.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"
#include "resources/away_files.h"
#include "resources/away_guest.h"
#include "resources/away_told.h"
#include "resources/remote_job.h"
#include "state/desired/spec/spec.h"

enum { AT_ONCE = 16 /* hosts; or machines, where each goes by itself */, KEY_DIGITS = 32 };

/* Of one that was made without being told nothing is known. */
static enum cost
judge_told(const char *have, const char *want)
{
	(void)want;
	return *have ? COST_REFUSE : COST_NONE;
}

static enum cost
judge_told_ephemeral(const char *have, const char *want)
{
	(void)want;
	return *have ? COST_REPLACE : COST_NONE;
}

static const struct attr attrs[] = {
	/* In place of moving it: a disk does not go from host to host by itself. */
	{ .name = "host", .cost = COST_REFUSE,
	  .refusal = "it stays where it is: put `placement.host` back, or delete it there first, or call it `ephemeral`" },
	{ .name = "ephemeral host", .cost = COST_REPLACE },
	{ .name = "node", .cost = COST_UPDATE },
	{ .name = "guest", .cost = COST_REFUSE, .judge = judge_told, .show = SHOW_DIGEST,
	  .refusal = "scripts, user and environment are told to a new guest only: delete it, and apply makes it anew, or call it `ephemeral`" },
	{ .name = "ephemeral guest", .cost = COST_REPLACE, .judge = judge_told_ephemeral, .show = SHOW_DIGEST },
	{ .name = "lima.yaml", .cost = COST_UPDATE, .show = SHOW_DIGEST },
	{ .name = "state", .cost = COST_UPDATE },
	{ .name = "generation" },
	{ .name = "fleet" },
	{ 0 },
};

extern const struct resource_type resource_remote, resource_engine;

static void
remote_digest(const struct spec *spec, char hex[65])
{
	sha256_hex(spec->yaml, spec->yaml_len, hex);
}

static int
remote_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	bool wanted = spec->goal != GOAL_ABSENT;
	struct resource *r, *engine;
	AUTO(buf) conf = BUF_INIT;
	char hex[65];

	(void)env, (void)err;
	if (!spec->away)
		return 0;
	r = graph_declare(g, &resource_remote, spec->name, spec->name, wanted);
	away_engine_text(spec->away->engine, &conf);
	engine = graph_declare(g, &resource_engine, "", spec->away->engine->fleet, wanted);
	resource_need(g, r, "engine", engine->name, NEED_BUILD);
	if (!wanted)
		return 0;
	resource_want(g, engine, "configuration", conf.s);
	resource_want(g, r, spec->away->ephemeral ? "ephemeral host" : spec->away->moves ? "node" : "host", spec->away->node);
	if (spec->away->as_is) {
		resource_want(g, r, "lima.yaml", spec->away->digest);
	} else {
		AUTO(arena) a = { 0 };

		remote_digest(spec, hex);
		resource_want(g, r, "lima.yaml", hex);
		if (spec->away->tells)
			resource_want(g, r, spec->away->ephemeral ? "ephemeral guest" : "guest", away_told_digest(&a, spec));
	}
	resource_want(g, r, "state", spec->goal == GOAL_RUNNING ? "running" : "stopped");
	for (size_t i = 0; i < spec->ndepends; i++)
		resource_need_if(g, r, "remote", spec->depends[i].name, NEED_BUILD);
	return 0;
}

void
remote_facts(struct facts *have, struct arena *a, const struct spec *spec, const char *node, const char *digest, const char *state, const char *told,
	     long long generation)
{
	facts_set(have, a, "host", node);
	facts_set(have, a, "ephemeral host", node);
	facts_set(have, a, "node", node);
	facts_set(have, a, "lima.yaml", digest);
	facts_set(have, a, "guest", told);
	facts_set(have, a, "ephemeral guest", told);
	facts_set(have, a, "state", state);
	facts_setf(have, a, "generation", "%lld", generation);
	facts_set(have, a, "fleet", spec->away->engine->fleet);
}

static int
remote_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const struct spec_away *away = r->spec ? r->spec->away : NULL;
	const char *state = "stopped";
	struct away_member note;

	if (!away)
		return error_set(err, ERR_INVALID, "nothing is known of it without its fleet's file");
	if (away->why)
		return error_set(err, away->unknown ? ETIMEDOUT : ERR_REFUSED, "%s", away->why);
	if (!away->there)
		return 0;
	/* A job of which the end was not seen has perhaps made it, and has not seen it ready. */
	if (away_member_read(env->home, r->name, a, &note, err) < 0)
		return -1;
	if (away->off)
		state = away->off;
	else if (away->runs)
		state = away->tells && *note.key ? "starting" : "running";
	remote_facts(have, a, r->spec, away->at, away->digest, state, away->told, away->generation);
	return 1;
}

/* --- doing --- */

/* A word of a note: user@host. */
static const char *
remote_by(struct arena *a)
{
	const char *user = getenv("USER") ? getenv("USER") : getenv("LOGNAME");
	char host[65] = "?";
	char *by;

	gethostname(host, sizeof host - 1);
	by = user && *user ? arena_printf(a, "%.64s@%s", user, host) : arena_printf(a, "%u@%s", (unsigned)geteuid(), host);
	for (char *s = by; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("@._-", *s))
			*s = '-';
	return by;
}

/* Whoever wants the same of the same again has the same key. */
static const char *
remote_key(struct arena *a, const struct cluster_job *job)
{
	const char *text = arena_printf(a, "%s\n%s\n%s\n%s\n%d\n%lld", job->fleet, job->name, job->node, job->digest, (int)job->verb, job->expects);
	char hex[65];

	sha256_hex(text, strlen(text), hex);
	return arena_memdup(a, hex, KEY_DIGITS);
}

void
remote_take_key(struct arena *a, struct cluster_job *job, const struct away_member *before, const char *found)
{
	struct cluster_job earlier = *job;

	job->by = remote_by(a);
	job->key = remote_key(a, job);
	if (!*before->key || strcmp(before->key, found) != 0 || job->expects < 1)
		return;
	earlier.generation = earlier.expects--;
	earlier.key = remote_key(a, &earlier);
	earlier.by = job->by;
	if (!strcmp(earlier.key, before->key))
		*job = earlier;
}

struct telling {
	const struct env *env;
	const char *name;
};

static void
remote_tell(void *ctx, const struct cluster_event *e)
{
	const struct telling *t = ctx;

	t->env->say(t->env, e->kind == EVENT_WARNED ? SAY_WARN : SAY_DEBUG, "`%s`: %s", t->name, e->text);
}

static void
remote_warn(void *ctx, const char *text)
{
	const struct telling *t = ctx;

	t->env->say(t->env, SAY_WARN, "`%s`: its boot scripts say: %s", t->name, text);
}

/* One that was made before guests were told anything is left alone. */
static int
remote_ready(struct telling *t, struct cluster *c, const struct spec *spec, struct error *err)
{
	if (spec->away->there && !*spec->away->told)
		return 0;
	return away_guest_ready(t->env, c, spec, remote_warn, t, err) < 0 ? error_wrap(err, "`%s`", t->name) : 0;
}

/* The job is noted here before anybody hears of it, and its id before it is waited for; so what a killed run began is found. */
static int
remote_do(const struct env *env, const struct resource *r, struct cluster_job *job, struct error *err)
{
	struct telling telling = { env, r->name };
	struct away_member note = { job->fleet, job->node, "", "" }, before = { "", "", "", "" };
	auto_free char *dir = away_guest_dir(env->home, r->name);
	AUTO(cluster) c = { 0 };
	AUTO(arena) a = { 0 };
	const char *id = "";

	if (cluster_open(&c, r->spec->away->engine, env->home, env->version, env->cancel, err) < 0 ||
	    away_member_read(env->home, r->name, &a, &before, err) < 0)
		return -1;
	remote_take_key(&a, job, &before, "");
	note.key = job->key;
	if (!strcmp(before.key, job->key) && *before.id) {
		note.id = before.id;
	} else {
		if (away_member_write(env->home, r->name, &note, err) < 0 || c.engine->submit(&c, job, &a, &id, err) < 0)
			return -1;
		note.id = id;
		if (*id && away_member_write(env->home, r->name, &note, err) < 0)
			return -1;
	}
	if (c.engine->poll(&c, job, note.id, remote_tell, &telling, err) < 0)
		return -1;
	if (job->verb == CLUSTER_RUN && c.engine->tells && remote_ready(&telling, &c, r->spec, err) < 0)
		return -1;
	note.key = note.id = "";
	if (job->verb != CLUSTER_REMOVE)
		return away_member_write(env->home, r->name, &note, err);
	return fs_remove_tree(dir, err) < 0 ? -1 : away_member_remove(env->home, r->name, err);
}

int
remote_job(struct cluster_job *job, struct cluster_told *told, struct arena *a, const struct env *env, const struct spec *spec, struct error *err)
{
	const struct spec_away *away = spec->away;
	bool here = away->there && !strcmp(away->at, away->node), stays = here || (away->there && away->moves && !away->ephemeral);

	*job = (struct cluster_job){
		.verb = spec->goal == GOAL_RUNNING ? CLUSTER_RUN : CLUSTER_STOP, .name = spec->name, .node = away->node, .fleet = away->engine->fleet,
		.digest = away->digest, .expects = stays ? away->generation : 0, .image = "", .image_digest = "",
	};
	job->generation = job->expects + 1;
	job->moves = stays && !here && !away->off;
	if (away->as_is)
		return 0;
	job->digest = arena_alloc(a, 65);
	remote_digest(spec, (char *)(uintptr_t)job->digest);
	job->text = spec->yaml;
	job->len = spec->yaml_len;
	job->cpus = spec->cpus;
	job->memory = spec->memory_bytes;
	job->disk = spec->disk_bytes;
	job->image = away->image;
	job->image_digest = away->image_digest;
	if (!away->tells || stays)
		return 0;
	job->told = told;
	return away_told(told, a, env, spec, err);
}

struct cluster_job
remote_removal(const struct spec *spec)
{
	const struct spec_away *away = spec->away;

	return (struct cluster_job){
		.verb = CLUSTER_REMOVE, .name = spec->name, .node = away->at, .fleet = away->engine->fleet, .digest = "-", .expects = away->generation,
		.generation = away->generation + 1, .image = "", .image_digest = "",
	};
}

static int
remote_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const struct spec *spec = r->spec;
	struct cluster_told told;
	struct cluster_job job;
	AUTO(arena) of_job = { 0 };

	if (remote_job(&job, &told, &of_job, env, spec, err) < 0 || remote_do(env, r, &job, err) < 0)
		return -1;
	remote_facts(have, a, spec, spec->away->node, job.digest, spec->goal == GOAL_RUNNING ? "running" : "stopped",
		     job.told ? told.digest : spec->away->told, job.generation);
	return 0;
}

static int
remote_remove(const struct env *env, const struct resource *r, struct error *err)
{
	struct cluster_job job = remote_removal(r->spec);

	return r->spec->away->there ? remote_do(env, r, &job, err) : 0;
}

const struct resource_type resource_remote = {
	.name = "remote",
	.about = "an instance that the engine of a fleet runs on another host",
	.attrs = attrs,
	.at_once = AT_ONCE,
	.precious = "it holds data, so only --prune or --destroy of its fleet's file, or `limactl delete`, removes it",
	.gone = "deleted",
	.is_instance = true,
	.away = true,
	.declare = remote_declare,
	.observe = remote_observe,
	.ensure = remote_ensure,
	.remove = remote_remove,
	.together = remote_together,
	.many = remote_many,
};
