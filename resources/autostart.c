/*
 * resources/autostart.c - an instance that systemd starts when the user logs in.
 *
 * lima.yaml does not say so: `limactl autostart` does, and what is found stays. The unit has the name of the instance, so a file in
 * the instance's folder says under which name it is registered; a folder that was moved to another name takes that along.
 */
#include "resources/autostart.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/sha256.h"
#include "base/quote/quote.h"
#include "providers/systemd.h"
#include "resources/instance_paths.h"

#define NO_TIMER "no timer"

enum { MAX_NOTE = 512 };

static const struct attr attrs[] = {
	{ .name = "unit", .cost = COST_UPDATE },	/* of which instance; unset: it is noted in the folder, and the unit is gone */
	{ .name = "text", .cost = COST_UPDATE, .judge = judge_known_update },	/* of the unit, when it is not what was written */
	{ .name = "snapshots", .cost = COST_UPDATE },	/* every so many seconds a timer looks whether one is due; or NO_TIMER */
	{ 0 },
};

extern const struct resource_type resource_autostart;

/* The time of the most frequent of its `snapshots`. */
static const char *
autostart_snapshots(const struct spec *spec, struct arena *a)
{
	int64_t least = 0;

	for (size_t i = 0; i < spec->nsnapshots; i++) {
		int64_t every = spec_every_s(spec->snapshots[i].every);

		least = least && least < every ? least : every;
	}
	return least ? arena_printf(a, "%" PRId64, least) : NO_TIMER;
}

static int
autostart_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r = graph_declare(g, &resource_autostart, spec->name, spec->name, false);

	(void)env, (void)err;
	resource_want(g, r, "unit", spec->name);
	resource_want(g, r, "text", "as it was written");
	resource_want(g, r, "snapshots", autostart_snapshots(spec, graph_arena(g)));
	resource_need(g, r, "dir", spec->name, NEED_BUILD);
	return 0;
}

static char *
unit_of(const char *instance)
{
	return xasprintf("lima-vm@%s.service", instance);
}

static char *
timer_of(const char *instance)
{
	return xasprintf("lima-snapshots@%s.timer", instance);
}

static char *
timer_service_of(const char *instance)
{
	return xasprintf("lima-snapshots@%s.service", instance);
}

/* As it stands in the unit. */
static void
add_home(const struct env *env, struct buf *out)
{
	AUTO(buf) b = BUF_INIT;

	buf_addf(&b, "LIMA_HOME=%s", env->home);
	quote_systemd(out, b.s);
}

static bool
is_default_home(const struct env *env)
{
	const char *home = getenv("HOME");
	auto_free char *path = xasprintf("%s/.lima", home ? home : ""), *real = fs_realpath(path);

	return real && !strcmp(real, env->home);
}

/* Units are named by the instance alone: one of another home may have the same name. */
static enum unit_owner { UNIT_NONE, UNIT_OURS, UNIT_OTHERS }
unit_owner(const struct env *env, const char *instance)
{
	auto_free char *unit = unit_of(instance);
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) ours = BUF_INIT;

	if (!systemd_runs() || systemd_unit_read(unit, &text, NULL) != 1)
		return UNIT_NONE;
	if (!strstr(text.s, "LIMA_HOME="))
		return is_default_home(env) ? UNIT_OURS : UNIT_OTHERS;
	add_home(env, &ours);
	return strstr(text.s, ours.s) ? UNIT_OURS : UNIT_OTHERS;
}

bool
autostart_is_on(const struct env *env, const char *instance)
{
	return unit_owner(env, instance) == UNIT_OURS;
}

/* The name that a folder says its instance is registered under; "" : none. Behind it, if `digest`, that of the unit's text, and how often its timer looks. */
static const char *
noted_name(const char *dir, struct arena *a, const char **digest, const char **timer)
{
	auto_free char *path = xasprintf("%s/" AUTOSTART_FILE, dir);
	AUTO(buf) b = BUF_INIT;
	char *name, *rest;

	if (fs_read_if(path, &b, MAX_NOTE, NULL) != 1)
		return "";
	rest = arena_memdup(a, b.s, b.len);
	name = strsep(&rest, "\n");
	if (digest)
		*digest = rest ? strsep(&rest, "\n") : NULL;
	if (timer)
		*timer = rest && *rest ? strsep(&rest, "\n") : NO_TIMER;
	return strchr(name, '/') || *name == '.' ? "" : name;
}

/* Edited by hand; of one that a version before this has written, nobody knows. */
static bool
unit_is_edited(const char *instance, const char *digest)
{
	auto_free char *unit = unit_of(instance);
	AUTO(buf) text = BUF_INIT;
	char hex[65];

	if (!digest || !*digest || systemd_unit_read(unit, &text, NULL) != 1)
		return false;
	sha256_hex(text.s, text.len, hex);
	return strcmp(hex, digest) != 0;
}

/* Of one that is to be another under a new name: what the old one is registered under. */
static const char *
moved_name(const struct env *env, const struct resource *r, struct arena *a)
{
	const char *from = facts_get(&r->how, "moved from"), *noted = from ? noted_name(from, a, NULL, NULL) : "";

	if (!from || *noted)
		return noted;
	return autostart_is_on(env, strrchr(from, '/') + 1) ? strrchr(from, '/') + 1 : "";
}

static bool
timer_is_there(const char *instance)
{
	auto_free char *timer = timer_of(instance), *path = systemd_unit_path(timer);

	return fs_exists(path);
}

static int
autostart_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	enum unit_owner owner = unit_owner(env, r->name);
	const char *name, *digest = NULL, *timer = NO_TIMER;

	(void)err;
	/* A home that is a copy of another one does not take over that one's units. */
	if (!systemd_runs() || (owner == UNIT_OTHERS && !r->again))
		return 0;
	name = noted_name(dir, a, &digest, &timer);
	if (!*name)
		name = moved_name(env, r, a);
	if (!*name && owner == UNIT_OURS)
		name = r->name;
	if (!*name)
		return 0;
	/* The unit of the old name stays until that of the new one is there. */
	facts_set(have, a, "unit", !strcmp(name, r->name) && owner != UNIT_OURS ? NULL : name);
	facts_set(have, a, "text", owner == UNIT_OURS && unit_is_edited(r->name, digest) ? "edited by somebody else" : NULL);
	facts_set(have, a, "snapshots", !strcmp(timer, NO_TIMER) || timer_is_there(r->name) ? timer : "gone");
	return 1;
}

/* What a unit of ours begins with, up to the command's words. */
static void
unit_head(const struct env *env, const char *about, struct buf *out)
{
	buf_addf(out, "[Unit]\nDescription=%s\nDocumentation=man:limactl(1)\n\n[Service]\n", about);
	if (!is_default_home(env)) {
		buf_adds(out, "Environment=");
		add_home(env, out);
		buf_addc(out, '\n');
	}
	buf_adds(out, "ExecStart=");
	quote_systemd_program(out, env->program);
}

static void
unit_text(const struct env *env, struct buf *out)
{
	unit_head(env, "Lima instance %i", out);
	/* KillMode: only limactl gets the signal, and it asks the guest to shut down. */
	buf_adds(out, " start %i --foreground --tty=false\nWorkingDirectory=%h\nType=simple\nKillMode=mixed\nTimeoutStopSec=200\n"
		 "Restart=on-failure\n\n[Install]\nWantedBy=default.target\n");
}

static int
timer_forget(const struct env *env, const char *instance, struct error *err)
{
	auto_free char *timer = timer_of(instance), *service = timer_service_of(instance), *told = NULL;

	if (systemd_timer_disable(timer, service, &told, err) < 0)
		return -1;
	if (told)
		env->say(env, SAY_WARN, "%s: %s; its files were removed", timer, told);
	return 0;
}

/* Whether one is due the command knows: it is asked as often as the most frequent comes. */
static int
timer_ensure(const struct env *env, const char *instance, const char *every, struct error *err)
{
	auto_free char *timer = timer_of(instance), *service = timer_service_of(instance);
	AUTO(buf) when = BUF_INIT;
	AUTO(buf) what = BUF_INIT;

	if (!strcmp(every, NO_TIMER))
		return timer_forget(env, instance, err);
	buf_addf(&when, "[Unit]\nDescription=Snapshots of Lima instance %%i\nDocumentation=man:limactl(1)\n\n[Timer]\nOnActiveSec=60\nOnUnitActiveSec=%s\n\n"
			"[Install]\nWantedBy=timers.target\n", every);
	unit_head(env, "Snapshots of Lima instance %i", &what);
	buf_adds(&what, " snapshot keep %i\nWorkingDirectory=%h\nType=oneshot\n");
	return systemd_timer_enable(timer, when.s, service, what.s, err);
}

static int
unit_forget(const struct env *env, const char *instance, struct error *err)
{
	auto_free char *unit = unit_of(instance), *told = NULL;

	if (!autostart_is_on(env, instance))
		return 0;
	if (timer_forget(env, instance, err) < 0 || systemd_unit_disable(unit, &told, err) < 0)
		return -1;
	if (told)
		env->say(env, SAY_WARN, "%s: %s; its files were removed", unit, told);
	return 0;
}

static int
autostart_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *unit = unit_of(r->name), *path = instance_path(env, r, AUTOSTART_FILE), *note = NULL;
	const char *old = facts_get(have, "unit"), *every = facts_get(&r->want, "snapshots");
	AUTO(buf) text = BUF_INIT;
	char hex[65];

	if (!systemd_runs())
		return error_set(err, ERR_UNSUPPORTED, "autostart is not supported on linux without systemd");
	unit_text(env, &text);
	if (systemd_unit_enable(unit, text.s, text.len, err) < 0 || timer_ensure(env, r->name, every ? every : NO_TIMER, err) < 0)
		return -1;
	if (old && strcmp(old, r->name) != 0 && unit_forget(env, old, err) < 0)
		return -1;
	sha256_hex(text.s, text.len, hex);
	note = xasprintf("%s\n%s\n%s\n", r->name, hex, every ? every : NO_TIMER);
	if (fs_write(path, note, strlen(note), 0600, err) < 0)
		return -1;
	facts_set(have, a, "unit", r->name);
	facts_set(have, a, "text", NULL);
	facts_set(have, a, "snapshots", every);
	return 0;
}

static int
autostart_remove(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *path = instance_path(env, r, AUTOSTART_FILE);

	return unit_forget(env, r->name, err) < 0 ? -1 : fs_unlink(path, err);
}

const struct resource_type resource_autostart = {
	.name = "autostart",
	.about = "that systemd starts the instance when the user logs in",
	.attrs = attrs,
	.as_found = true,
	.kept_by_reset = true,
	.declare = autostart_declare,
	.observe = autostart_observe,
	.ensure = autostart_ensure,
	.remove = autostart_remove,
};
