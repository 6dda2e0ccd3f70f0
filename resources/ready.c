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
#include "resources/instance_paths.h"
#include "resources/provision_list.h"

enum {
	READY_S = 600,
	GETS_ON = 3,		/* times as long waits the host agent for a guest that gets on */
	REPORT_S = 10,		/* and then it has something to say */
	PHASES_MAX = 4096,
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
	const struct ha_condition *x = a, *y = b;

	return x->seconds < y->seconds ? -1 : x->seconds > y->seconds;
}

/* "MS WHAT" a line: when each condition was met, in ms since 1970. The last of them made the guest ready. */
static void
ready_note_phases(const char *dir, const struct ha_info *info, struct facts *have, struct arena *a)
{
	struct ha_condition *v = NULL;
	AUTO(buf) out = BUF_INIT;
	double last = 0;
	size_t n;

	facts_set(have, a, "phases", NULL);
	if (!info->since_ms || ha_conditions(dir, a, &v, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		last = v[i].seconds > last ? v[i].seconds : last;
	qsort(v, n, sizeof *v, ready_compare_phases);
	for (size_t i = 0; i < n && out.len < PHASES_MAX; i++)
		if (!strcmp(v[i].state, "met"))
			buf_addf(&out, "%s%lld %.100s", out.len ? "\n" : "", info->since_ms + (long long)((v[i].seconds - last) * 1e3),
				 arena_memdup(a, v[i].what, strcspn(v[i].what, "\r\n")));
	if (out.len)
		facts_set(have, a, "phases", out.s);
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
		return error_set(err, ERR_CHILD, "DEGRADED: it runs, but %s; see %s/ha.stderr.log and serial*.log%s", line.s, dir,
				 console.s);
	return 0;
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
	.remove = remove_nothing,
};
