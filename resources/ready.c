/* resources/ready.c - the guest has booted: SSH answers, boot scripts are through, probes are content */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "hostagent/protocol/ha_client.h"
#include "hostagent/protocol/probe.h"
#include "resources/instance_paths.h"
#include "resources/provision_list.h"

enum {
	READY_S = 600,
	GETS_ON = 3,		/* times as long waits the host agent for a guest that gets on */
	REPORT_S = 10,		/* and then it has something to say */
	PHASES = 40,
	GOES_ON_LOOKS = 5,
	GOES_ON_NS = 100 * 1000 * 1000,
};

static const struct attr attrs[] = {
	{ .name = "phase", .cost = COST_NONE },
	{ .name = "errors", .cost = COST_NONE },
	{ .name = "phases", .cost = COST_NONE, .show = SHOW_NEVER },	/* of the last boot, for who looks at the run */
	{ .name = "machine", .cost = COST_UPDATE, .judge = judge_known_update },	/* why it stands still */
	{ 0 },
};

extern const struct resource_type resource_ready;

static int
ready_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r = graph_declare(g, &resource_ready, spec->name, spec->name, wanted_running(spec));

	(void)env, (void)err;
	resource_want(g, r, "machine", "goes on");
	resource_need(g, r, "vm", spec->name, NEED_LIVE);
	return 0;
}

static int
ready_tell(const struct ha_info *info, struct facts *have, struct arena *a)
{
	facts_set(have, a, "phase", info->phase == HA_DEGRADED ? "degraded" : "running");
	facts_set(have, a, "errors", *info->errors ? info->errors : NULL);
	facts_set(have, a, "machine", *info->standstill ? arena_printf(a, "stands still: %s", info->standstill) : NULL);
	return info->phase == HA_RUNNING || info->phase == HA_DEGRADED || info->phase == HA_UNKNOWN;
}

static int
ready_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	const struct resource *vm = resource_needed(r, "vm");
	struct error why = { 0 };
	struct ha_info info;

	if (vm && vm->looked && !vm->present)
		return 0;
	if (ha_info(dir, a, &info, &why) < 0)
		return instance_not_told(r, &why, err);
	return ready_tell(&info, have, a);
}

/* A message is of one line; what the guest's console ends with has lines of its own behind it. */
static void
ready_parts(const char *errors, struct buf *line, struct buf *console)
{
	auto_free char *copy = xstrdup(errors);
	char *rest = copy;

	for (char *part; (part = strsep(&rest, "\n"));)
		if (!strncmp(part, HA_CONSOLE, strlen(HA_CONSOLE)))
			buf_addf(console, "\n%s", part);
		else if (*part)
			buf_addf(line, "%s%s", line->len ? "; " : "", part);
}

/* Does it stand still? Then why; "" if it goes on, or nobody can tell. */
static const char *
ready_standstill(const char *dir, struct arena *a)
{
	struct ha_info info;

	return ha_info(dir, a, &info, NULL) < 0 ? "" : info.standstill;
}

/*
 * A machine that was paused, or that its driver has paused. What it could not write it writes again at once, and stops at once
 * if that does not work: an event that nobody is told of, so it is looked at for a moment.
 */
static int
ready_resume(const struct env *env, const char *dir, struct arena *a, struct error *err)
{
	const char *still = ready_standstill(dir, a);
	struct error why;

	if (!*still)
		return 0;
	if (ha_resume(dir, &why) < 0)
		return error_set(err, ERR_CHILD, "the machine stands still (%s), and does not go on: %s", still, why.msg);
	for (int n = 0; n < GOES_ON_LOOKS && !(env->cancel && *env->cancel); n++) {
		nanosleep(&(struct timespec){ .tv_nsec = GOES_ON_NS }, NULL);
		still = ready_standstill(dir, a);
		if (*still)
			return error_set(err, ERR_CHILD, "the machine was let go on, and stands still again: %s", still);
	}
	return 0;
}

/* How long it may take from now on: what is left of the run's time is the run's to end, but the guest's to explain. */
static int
ready_seconds(const struct env *env)
{
	int seconds = env->ready_timeout_s ? env->ready_timeout_s : READY_S;
	long long left = (env->deadline_ms - clock_ms() + 999) / 1000;

	if (!env->deadline_ms || left >= seconds)
		return seconds;
	return left > 1 ? (int)left : 1;
}

/* A wait that was broken off says what was missing. */
static int
ready_not_told(const char *dir, struct arena *a, struct error *err)
{
	struct ha_info info;

	if (err && err->code == ERR_CANCELLED && ha_info(dir, a, &info, NULL) == 0 && info.phase == HA_STARTING && *info.waiting_for)
		error_set(err, ERR_CANCELLED, "cancelled while the guest was waited for: %s", info.waiting_for);
	return -1;
}

/* Is it known what its boot was to run? Not of one that an earlier version has started. */
static bool
ready_has_scripts(const struct env *env, const struct resource *r)
{
	auto_free char *path = instance_path(env, r, PROVISION_BOOTED);

	return fs_exists(path) && r->spec->nprovision;
}

static int
ready_compare_phases(const void *a, const void *b)
{
	const struct ha_boot *x = a, *y = b;

	return x->at_ms < y->at_ms ? -1 : x->at_ms > y->at_ms;
}

/* The conditions that were met, by the time since the host agent waited; the last of them made the guest ready, which it knows the time of. */
static size_t
ready_conditions(const char *dir, const struct ha_info *info, struct arena *a, struct ha_boot *out, size_t most)
{
	struct ha_condition *v = NULL;
	double last = 0;
	size_t n, kept = 0;

	if (!info->since_ms || ha_conditions(dir, a, &v, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		last = v[i].seconds > last ? v[i].seconds : last;
	for (size_t i = 0; i < n && kept < most; i++)
		if (!strcmp(v[i].state, "met"))
			out[kept++] = (struct ha_boot){ v[i].what, info->since_ms + (long long)((v[i].seconds - last) * 1e3) };
	return kept;
}

/* "MS WHAT" a line, in ms since 1970: when a part of the boot was over by the guest's console, and when each condition was met. */
static void
ready_note_phases(const char *dir, const struct ha_info *info, struct facts *have, struct arena *a)
{
	struct ha_boot v[PHASES];
	AUTO(buf) out = BUF_INIT;
	size_t n = 0;

	/* The console says what begins; what is noted is when something was over. How the last part ended the conditions tell. */
	for (; n < info->nboot && n < PHASES / 2; n++)
		v[n] = (struct ha_boot){ n ? info->boot[n - 1].what : "machine", info->boot[n].at_ms };
	n += ready_conditions(dir, info, a, v + n, PHASES - n);
	qsort(v, n, sizeof *v, ready_compare_phases);
	for (size_t i = 0; i < n; i++)
		buf_addf(&out, "%s%lld %.100s", out.len ? "\n" : "", v[i].at_ms, arena_memdup(a, v[i].what, strcspn(v[i].what, "\r\n")));
	facts_set(have, a, "phases", out.len ? out.s : NULL);
}

/* Is it one of its probes that is waited for? Then which, and where that is written; else "". */
static const char *
ready_probe(const struct resource *r, const char *dir, struct arena *a)
{
	struct ha_condition *v = NULL;
	char id[PROBE_ID + 1];
	size_t n, k = 0;

	if (!r->spec->nprobes || ha_conditions(dir, a, &v, &n, NULL) < 0)
		return "";
	while (k < n && !strcmp(v[k].state, "met"))
		k++;
	for (size_t i = 0; k < n && i < r->spec->nprobes; i++) {
		const char *place = r->spec->probes[i].place;

		probe_id(r->spec->probes[i].script, id);
		if (!strcmp(v[k].id, id))
			return arena_printf(a, ": probes[%zu]%s%s%s, `limactl log probe.%s:%zu`", i, *place ? " (" : "", place, *place ? ")" : "",
					    r->spec->name, i);
	}
	return "";
}

static int
ready_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	int seconds = ready_seconds(env);
	AUTO(buf) console = BUF_INIT;
	AUTO(buf) line = BUF_INIT;
	struct ha_info info;

	if (ready_resume(env, dir, a, err) < 0)
		return -1;
	if (ha_wait_ready(dir, seconds, (seconds * GETS_ON + REPORT_S) * 1000, env->cancel, a, &info, err) < 0)
		return ready_not_told(dir, a, err);
	ready_parts(info.errors, &line, &console);
	if (info.phase == HA_STOPPING)
		return error_set(err, ERR_CHILD, "the machine went down while it booted: %s; see %s/ha.stderr.log%s", line.s, dir, console.s);
	ready_tell(&info, have, a);
	ready_note_phases(dir, &info, have, a);
	/* What a script of `provision` did is its own to tell. */
	if (info.phase == HA_DEGRADED && !(info.only_scripts && ready_has_scripts(env, r)))
		return error_set(err, ERR_CHILD, "DEGRADED: it runs, but %s%s; see %s/ha.stderr.log and serial*.log%s", line.s,
				 ready_probe(r, dir, a), dir, console.s);
	return 0;
}

/* The console tells until the guest answers; then the host agent says what is missing. */
static const char *
ready_doing(const struct env *env, const struct resource *r, struct arena *a)
{
	auto_free char *dir = instance_path(env, r, NULL);
	struct ha_info info = { 0 };

	if (ha_info_soon(dir, a, &info, NULL) < 0 || info.phase != HA_STARTING)
		return NULL;
	if (!strcmp(info.waiting_for, "ssh") || !strcmp(info.waiting_for, "guest"))
		return info.nboot ? info.boot[info.nboot - 1].what : "boots";
	if (info.nboot && !strncmp(info.boot[info.nboot - 1].what, "cloud-init ", 11))
		return arena_printf(a, "sshd up, %s", info.boot[info.nboot - 1].what);
	return *info.waiting_for ? arena_printf(a, "sshd up, waits for: %.120s", info.waiting_for) : NULL;
}

const struct resource_type resource_ready = {
	.name = "ready",
	.about = "that the guest has booted: SSH answers, boot scripts are through, probes are content",
	.gone = "stopped",
	.boots = true,
	.asks = true,
	.attrs = attrs,
	.declare = ready_declare,
	.observe = ready_observe,
	.ensure = ready_ensure,
	.doing = ready_doing,
	.remove = remove_nothing,
};
