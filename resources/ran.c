#include "resources/ran.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/when.h"
#include "providers/driver.h"
#include "resources/instance_paths.h"
#include "resources/provision_record.h"

size_t
ran_index(const struct resource *r)
{
	return (size_t)strtoull(strrchr(r->name, ':') + 1, NULL, 10);
}

int
ran_machine(const struct env *env, const struct resource *r, struct arena *a, const char **run, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);

	return driver_run(dir, a, run, err);
}

bool
ran_in(const struct facts *f, const char *run)
{
	const char *of = facts_get(f, "run");

	return of && !strcmp(of, run);
}

bool
ran_falls(const struct resource *r)
{
	for (size_t i = 0; i < r->nstands_on; i++)
		if (!strcmp(r->stands_on[i].to->type->name, "vm") && r->stands_on[i].to->down)
			return true;
	return false;
}

void
ran_tell(const struct facts *record, const struct resource *r, const char *id, struct facts *have, struct arena *a)
{
	static const char *const same[] = { "run", "status", "ran", "at", "took" };

	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		facts_set(have, a, same[i], facts_get(record, same[i]));
	/* What is never compared, and only lima.yaml says. */
	for (const struct attr *at = r->type->attrs; at->name; at++)
		if (at->cost == COST_NONE && !at->judge && facts_get(&r->want, at->name))
			facts_set(have, a, at->name, facts_get(&r->want, at->name));
	facts_set(have, a, "inputs", id);
}

static const char *
ran_now(struct arena *a)
{
	char text[WHEN_MAX];

	return arena_strdup(a, when_utc(time(NULL), text));
}

void
ran_by_boot(struct facts *record, const char *run, struct arena *a)
{
	*record = (struct facts){ 0 };
	facts_set(record, a, "run", run);
	facts_set(record, a, "ran", RAN_BY_BOOT);
	facts_set(record, a, "at", ran_now(a));
}

int
ran_begin(const struct env *env, const struct resource *r, const char *id, const char *run, const char *by, struct facts *record,
	  struct arena *a, struct error *err)
{
	*record = (struct facts){ 0 };
	facts_set(record, a, "run", run);
	facts_set(record, a, "ran", by);
	facts_set(record, a, "at", ran_now(a));
	facts_set(record, a, "status", PROVISION_BEGUN);
	return provision_record_save(env, r, id, record, err);
}

int
ran_keep(const struct env *env, const struct resource *r, const char *id, struct facts *record, int status, long long took_ms,
	 const struct buf *log, struct arena *a, struct error *err)
{
	facts_setf(record, a, "status", "%d", status);
	facts_setf(record, a, "took", "%lld.%01lld s", took_ms / 1000, took_ms % 1000 / 100);
	if (provision_log_save(env, r, id, log ? log->s ? log->s : "" : NULL, log ? log->len : 0, err) < 0)
		return -1;
	return provision_record_save(env, r, id, record, err);
}

int
ran_tell_failure(const struct resource *r, const struct ran_entry *e, const struct facts *record, const struct buf *log, struct error *err)
{
	const char *ran = facts_get(record, "ran"), *status = facts_get(record, "status"), *last;
	AUTO(buf) said = BUF_INIT;

	provision_last_lines(log->s ? log->s : "", log->len, &said);
	last = said.len ? strrchr(said.s, '\n') : NULL;
	return error_set(err, ERR_CHILD, "%s%s (%s%s%s): exit status %s, run %s%s%s; all it said: `limactl log %s.%s`%s",
			 e->degraded ? "DEGRADED: it runs, but " : "", e->what, e->kind, *e->place ? ", " : "", e->place,
			 status, ran, last ? "; it said: " : "", last ? last + strlen(PROVISION_LINE) : "", r->type->name, r->name,
			 last && last != said.s ? said.s : "");
}

int
ran_observe(const struct env *env, const struct resource *r, const char *id, struct facts *record, struct facts *have, struct arena *a,
	    struct error *err)
{
	const struct resource *vm = resource_needed(r, "vm");
	const char *run;

	if (vm && vm->looked && !vm->present)
		return RAN_ON_NO_MACHINE;
	if (ran_machine(env, r, a, &run, err) < 0)
		return -1;
	if (!run)
		return RAN_ON_NO_MACHINE;
	if (id && provision_record_load(env, r, id, record, a) && ran_in(record, run)) {
		ran_tell(record, r, id, have, a);
		return RAN_NOW;
	}
	if (ran_in(have, run))
		return RAN_BEFORE;
	*have = (struct facts){ 0 };
	return RAN_NOT;
}
