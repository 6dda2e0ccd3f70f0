/* limactl autostart, start-at-login: an instance that systemd starts for the user */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "cli/run.h"
#include "providers/systemd.h"
#include "resources/autostart.h"
#include "state/desired/template/name.h"

static const struct flag enable_flags[] = {
	{ "condition", 0, FLAG_STRING, "login", "When: login, or boot (macOS)", .complete = "login boot" },
	{ "user", 0, FLAG_STRING, .about = "For whom, with --condition=boot" },
	{ 0 },
};
static const struct flag login_flags[] = {
	{ "enabled", 0, FLAG_BOOL, "true", "Register it, or with =false take the registration away" },
	{ 0 },
};

static int
autostart_check_here(struct error *err)
{
	return systemd_runs() ? 0 : error_set(err, ERR_UNSUPPORTED, "autostart is not supported on linux without systemd");
}

static int
autostart_check(struct cli *c, struct error *err)
{
	if (name_check(c->args[0], err) < 0)
		return -1;
	if (!instance_exists(c, c->args[0]))
		return error_set(err, ERR_INVALID, "instance \"%s\" not found", c->args[0]);
	return 0;
}

static int
autostart_pose(struct cli *c, const char *name, bool on, struct error *err)
{
	struct request a = { .name = name, .goal = GOAL_STOPPED, .keep_goal = true, .only = "autostart", .again = on,
			 .only_is = on ? TO_BE_THERE : TO_BE_AWAY };

	return run_engine(c, &(struct run){ .requests = &a, .nrequests = 1, .quiet = true, .silent = true }, err);
}

static int
autostart_enable(struct cli *c, struct error *err)
{
	const char *name = c->args[0], *when = cli_str(c, "condition");
	int status;

	if (autostart_check(c, err) < 0)
		return -1;
	if (strcmp(when, "boot") == 0)
		return error_set(err, ERR_UNSUPPORTED, "--condition=boot is only supported on macOS");
	if (strcmp(when, "login") != 0)
		return error_set(err, ERR_INVALID, "unknown condition \"%s\": must be \"login\" or \"boot\"", when);
	if (autostart_check_here(err) < 0)
		return -1;
	status = autostart_pose(c, name, true, err);
	if (status == 0)
		cli_say(&c->env, SAY_INFO, "Instance `%s` registered to start at login", name);
	return status;
}

static int
autostart_disable(struct cli *c, struct error *err)
{
	const char *name = c->args[0];
	int status;

	if (autostart_check(c, err) < 0 || autostart_check_here(err) < 0)
		return -1;
	if (!autostart_is_on(&c->env, name)) {
		cli_say(&c->env, SAY_INFO, "Instance `%s` is not registered for automatic startup", name);
		return 0;
	}
	status = autostart_pose(c, name, false, err);
	if (status == 0)
		cli_say(&c->env, SAY_INFO, "Instance `%s` unregistered from start at login", name);
	return status;
}

static int
autostart_at_login(struct cli *c, struct error *err)
{
	const char *name = c->nargs ? c->args[0] : "default";
	bool on = cli_bool(c, "enabled"), there;
	int status;

	fputs("Command \"start-at-login\" is deprecated, use \"limactl autostart\" instead\n", stderr);
	if (name_check(name, err) < 0)
		return -1;
	if (!instance_exists(c, name)) {
		cli_say(&c->env, SAY_INFO, "Instance `%s` not found", name);
		return 0;
	}
	if (autostart_check_here(err) < 0)
		return -1;
	there = autostart_is_on(&c->env, name);
	if (!on && !there) {
		cli_say(&c->env, SAY_INFO, "Instance `%s` is not registered for automatic startup", name);
		return 0;
	}
	status = autostart_pose(c, name, on, err);
	if (status == 0)
		cli_say(&c->env, SAY_INFO, "The autostart entry for instance `%s` has been %s", name,
			!on ? "unregistered" : there ? "updated" : "created");
	return status;
}

const struct command command_autostart = {
	.name = "autostart",
	.group = GROUP_ADVANCED,
	.about = "Start instances when the user logs in",
	.example = "limactl autostart enable default\nlimactl autostart disable default",
};

const struct command command_autostart_enable = {
	.name = "enable",
	.parent = "autostart",
	.args = "INSTANCE",
	.about = "Start an instance at login from now on",
	.details = "By a unit of the user's systemd. `loginctl enable-linger` makes that begin at boot.",
	.example = "limactl autostart enable default",
	.complete = "@instance",
	.flags = enable_flags,
	.min_args = 1,
	.max_args = 1,
	.run = autostart_enable,
};

const struct command command_autostart_disable = {
	.name = "disable",
	.parent = "autostart",
	.args = "INSTANCE",
	.about = "No longer start an instance at login",
	.example = "limactl autostart disable default",
	.complete = "@instance",
	.min_args = 1,
	.max_args = 1,
	.run = autostart_disable,
};

const struct command command_start_at_login = {
	.name = "start-at-login",
	.group = GROUP_HIDDEN,
	.args = "[INSTANCE]",
	.about = "Start an instance at login (deprecated: use autostart)",
	.complete = "@instance",
	.flags = login_flags,
	.max_args = 1,
	.run = autostart_at_login,
};
