/*
 * resources/snapshots_kept.c - snapshots that lima.yaml asks for (`snapshots`): one every so often, and so many of them; named INSTANCE:NAME
 *
 * When the last was taken stands in its tag, so that nobody has to remember it. Only of a machine that runs: the disk of another does not
 * change. What was taken and is asked for no more stays, as any snapshot does, until `limactl snapshot delete`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/when.h"
#include "providers/driver.h"
#include "providers/snapshots.h"
#include "resources/disk_known.h"
#include "resources/instance_paths.h"

#define IN_TIME "in time"

enum { STAMP_LEN = 16, STAMP_MAX = STAMP_LEN + 1 };

static const struct attr attrs[] = {
	{ .name = "every", .cost = COST_NONE },	/* seconds */
	{ .name = "keep", .cost = COST_NONE },
	{ .name = "last", .cost = COST_NONE },
	{ .name = "taken", .cost = COST_UPDATE },
	{ .name = "kept", .cost = COST_UPDATE },
	{ 0 },
};

extern const struct resource_type resource_snapshots;

static int
snapshots_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	(void)env, (void)err;
	for (size_t i = 0; i < spec->nsnapshots; i++) {
		const struct spec_snapshots *s = &spec->snapshots[i];
		const char *name = arena_printf(graph_arena(g), "%s:%s", spec->name, s->name);
		struct resource *r = graph_declare(g, &resource_snapshots, spec->name, name, wanted_running(spec));

		resource_wantf(g, r, "every", "%" PRId64, spec_every_s(s->every));
		resource_wantf(g, r, "keep", "%d", s->keep);
		resource_want(g, r, "taken", IN_TIME);
		resource_wantf(g, r, "kept", "%d at most", s->keep);
		/* A guest that is half way up is nothing to come back to. */
		resource_need(g, r, "ready", spec->name, NEED_BUILD);
		resource_need_each_if(g, r, "provision", spec->name, NEED_BUILD);
		/* They are of one disk: one after the other. */
		if (i)
			resource_need(g, r, "snapshots", arena_printf(graph_arena(g), "%s:%s", spec->name, s[-1].name), NEED_BUILD);
	}
	return 0;
}

static const char *
snapshots_name(const struct resource *r)
{
	return r->name + strcspn(r->name, ":") + 1;
}

/* --- those that there are --- */

struct taken {
	char tag[128 + 1];
	int64_t when;
};

/* Of a tag of that name; 0: it is none. */
static int64_t
taken_when(const char *tag, const char *name)
{
	size_t len = strlen(name);
	struct tm tm = { 0 };
	const char *end;

	if (strncmp(tag, name, len) != 0 || tag[len] != '-' || strlen(tag) != len + 1 + STAMP_LEN)
		return 0;
	end = strptime(tag + len + 1, "%Y%m%dT%H%M%SZ", &tm);
	return end && !*end ? (int64_t)timegm(&tm) : 0;
}

static int
taken_compare(const void *a, const void *b)
{
	const struct taken *x = a, *y = b;

	return (x->when > y->when) - (x->when < y->when);
}

/* Those of that name, the oldest first; in `a`. */
static struct taken *
taken_of(const char *list, const char *name, struct arena *a, size_t *n)
{
	struct taken *v = NULL, *kept;
	size_t cap = 0;

	*n = 0;
	for (const char *p = list; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		struct taken t = { .when = 0 };

		if (sscanf(p, "%*s %128s", t.tag) != 1 || !(t.when = taken_when(t.tag, name)))
			continue;
		GROW(v, *n, cap);
		v[(*n)++] = t;
	}
	kept = *n ? (void *)arena_memdup(a, (const char *)v, *n * sizeof *v) : NULL;
	if (kept)
		qsort(kept, *n, sizeof *kept, taken_compare);
	free(v);
	return kept;
}

/* 1; 0: there is no disk yet, or it has no snapshots. */
static int
taken_look(const char *dir, const char *name, struct arena *a, struct disk_known *k, struct taken **v, size_t *n, struct error *err)
{
	AUTO(buf) list = BUF_INIT;
	int there = disk_known(dir, NULL, a, k, err);

	*n = 0;
	if (there <= 0)
		return there;
	if (snapshots_list(dir, &k->disk, &list, err) < 0)
		return -1;
	*v = taken_of(list.len ? list.s : "", name, a, n);
	return 1;
}

/* A last one of a time that is to come does not count for longer than one of now would: some clock was wrong. */
static bool
taken_is_due(const struct resource *r, const struct taken *v, size_t n, int64_t now)
{
	int64_t every = facts_int(&r->want, "every", 0);

	return !n || v[n - 1].when + every <= now || v[n - 1].when - every > now;
}

static void
snapshots_tell(const struct resource *r, const struct taken *v, size_t n, struct facts *have, struct arena *a)
{
	char last[WHEN_MAX] = "";
	size_t keep = (size_t)facts_int(&r->want, "keep", 1);

	if (n)
		when_utc(v[n - 1].when, last);
	facts_copy(have, a, &r->want);
	facts_set(have, a, "last", n ? last : NULL);
	if (taken_is_due(r, v, n, (int64_t)time(NULL)))
		facts_set(have, a, "taken", arena_printf(a, "due, the last one is of %s", last));
	if (n > keep)
		facts_setf(have, a, "kept", "%zu", n);
}

static int
snapshots_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	struct error why = { 0 };
	struct taken *v = NULL;
	struct disk_known k;
	size_t n;
	int there;

	/* Of one that is not to run there is nothing to take, and nothing that goes. */
	if (!r->wanted)
		return 0;
	there = taken_look(dir, snapshots_name(r), a, &k, &v, &n, &why);
	if (there < 0 && why.code != ERR_UNSUPPORTED)
		return error_set(err, why.code, "%s", why.msg);
	if (there <= 0 || !n)
		return 0;
	snapshots_tell(r, v, n, have, a);
	return 1;
}

/* A driver whose machines have none is told before a step is taken. */
static int
snapshots_check(const struct env *env, const struct resource *r, struct error *err)
{
	const struct driver *d = driver_find(r->spec->vm_type);

	(void)env;
	return d && d->snapshots ? 0 : error_set(err, ERR_UNSUPPORTED, "`snapshots`: machines of `vmType: %s` have none", r->spec->vm_type);
}

/* --- taking, and taking away --- */

static int
snapshots_take(const struct env *env, const struct resource *r, const char *dir, const struct disk_known *k, struct error *err)
{
	time_t now = time(NULL);
	char stamp[STAMP_MAX];
	auto_free char *tag = NULL;
	struct tm tm;

	if (!gmtime_r(&now, &tm) || strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm) != STAMP_LEN)
		return error_set(err, ERR_INVALID, "this host's clock tells no date");
	tag = xasprintf("%s-%s", snapshots_name(r), stamp);
	if (snapshots_do(dir, &k->disk, SNAPSHOT_SAVE, tag, env->cancel, err) < 0)
		return -1;
	env->say(env, SAY_INFO, "%s: snapshot %s taken", r->owner, tag);
	return 0;
}

/* Those beyond what is kept, the oldest first: what is newest is safe by then. */
static int
snapshots_prune(const struct env *env, const struct resource *r, const char *dir, const struct disk_known *k, const struct taken *v, size_t *n, struct error *err)
{
	size_t keep = (size_t)facts_int(&r->want, "keep", 1), gone = 0;

	for (; *n - gone > keep; gone++)
		if (snapshots_do(dir, &k->disk, SNAPSHOT_DELETE, v[gone].tag, env->cancel, err) < 0)
			return -1;
	*n -= gone;
	return (int)gone;
}

static int
snapshots_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	const char *name = snapshots_name(r);
	struct taken *v = NULL;
	struct disk_known k;
	int there, gone;
	size_t n;

	there = taken_look(dir, name, a, &k, &v, &n, err);
	if (there <= 0)
		return there < 0 ? -1 : error_set(err, ERR_CHILD, "%s: no disk in it", dir);
	if (taken_is_due(r, v, n, (int64_t)time(NULL)) &&
	    (snapshots_take(env, r, dir, &k, err) < 0 || taken_look(dir, name, a, &k, &v, &n, err) < 0))
		return -1;
	gone = snapshots_prune(env, r, dir, &k, v, &n, err);
	if (gone < 0)
		return -1;
	snapshots_tell(r, v + gone, n, have, a);
	return 0;
}

const struct resource_type resource_snapshots = {
	.name = "snapshots",
	.about = "that snapshots of the instance are taken every so often, and so many of them are kept",
	.gone = "no longer taken",
	.attrs = attrs,
	.asks = true,
	.declare = snapshots_declare,
	.observe = snapshots_observe,
	.check = snapshots_check,
	.ensure = snapshots_ensure,
	.remove = remove_nothing,
};
