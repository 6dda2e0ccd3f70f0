/* limactl autostart, start-at-login: an instance that systemd starts for the user */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/quote/quote.h"
#include "cli/commands/autostart.h"
#include "cli/cli.h"
#include "cli/run.h"
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

enum { SYSTEMCTL_MS = 60000, MAX_UNIT = 64 << 10 };

/* The unit's file; NULL: no systemd here. */
static const char *
unit_file(struct cli *c, const char *name)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (!fs_exists("/run/systemd/system") && !getenv("LIMACTL_TEST_SYSTEMD"))
		return NULL;
	if (!config || !*config)
		config = arena_printf(&c->arena, "%s/.config", home ? home : "");
	return arena_printf(&c->arena, "%s/systemd/user/lima-vm@%s.service", config, name);
}

static int
autostart_systemctl(const char *verb, const char *name, struct error *err)
{
	auto_free char *unit = xasprintf("lima-vm@%s.service", name);
	const char *argv[] = { "systemctl", "--user", verb, unit, NULL };

	return proc_run(argv, &(struct proc_opts){ .timeout_ms = SYSTEMCTL_MS }, err);
}

/* The variable that the unit sets, as it stands there. */
static void
add_home(const struct cli *c, struct buf *out)
{
	AUTO(buf) b = BUF_INIT;

	buf_addf(&b, "LIMA_HOME=%s", c->env.home);
	quote_systemd(out, b.s);
}

static int
autostart_write_unit(struct cli *c, const char *file, struct error *err)
{
	char *dir = arena_memdup(&c->arena, file, (size_t)(strrchr(file, '/') - file));
	const char *home = getenv("LIMA_HOME");
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, "[Unit]\nDescription=Lima instance %i\nDocumentation=man:limactl(1)\n\n[Service]\n");
	if (home && *home) {
		buf_adds(&b, "Environment=");
		add_home(c, &b);
		buf_addc(&b, '\n');
	}
	buf_adds(&b, "ExecStart=");
	quote_systemd_program(&b, c->env.program);
	/* the machine is its own processes' business: only limactl gets the signal, and asks the guest to shut down */
	buf_adds(&b, " start %i --foreground --tty=false\nWorkingDirectory=%h\nType=simple\nKillMode=mixed\nTimeoutStopSec=200\n"
		 "Restart=on-failure\n\n[Install]\nWantedBy=default.target\n");
	if (fs_mkdirs(dir, 0755, err) < 0)
		return -1;
	return fs_write(file, b.s, b.len, 0644, err);
}

static int
autostart_enable(struct cli *c, const char *name, const char *file, struct error *err)
{
	if (autostart_write_unit(c, file, err) < 0)
		return -1;
	if (autostart_systemctl("enable", name, err) == 0)
		return 0;
	fs_unlink(file, NULL);
	return -1;
}

static int
autostart_disable(const char *name, const char *file, struct error *err)
{
	if (autostart_systemctl("disable", name, err) < 0)
		return -1;
	return fs_unlink(file, err);
}

/* Units are named by the instance alone: one of another LIMA_HOME may have the same name. */
static bool
is_of_this_home(struct cli *c, const char *file)
{
	const char *home = getenv("LIMA_HOME");
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) ours = BUF_INIT;

	if (fs_read_if(file, &text, MAX_UNIT, NULL) != 1)
		return false;
	if (!home || !*home)
		return !strstr(text.s, "LIMA_HOME=");
	add_home(c, &ours);
	return strstr(text.s, ours.s);
}

void
autostart_forget(struct cli *c, const char *name)
{
	const char *file = unit_file(c, name);
	struct error why;

	if (!file || !is_of_this_home(c, file))
		return;
	if (autostart_disable(name, file, &why) < 0)
		cli_say(&c->env, SAY_WARN, "instance `%s` is still registered to start at login: %s", name, why.msg);
	else
		cli_say(&c->env, SAY_INFO, "The autostart entry for instance `%s` has been unregistered", name);
}

static int
autostart_not_here(struct error *err)
{
	return error_set(err, ERR_UNSUPPORTED, "autostart is not supported on linux without systemd");
}

static int
run_enable(struct cli *c, struct error *err)
{
	const char *name = c->args[0], *file;

	if (name_check(name, err) < 0)
		return -1;
	if (!instance_exists(c, name))
		return error_set(err, ERR_INVALID, "instance \"%s\" not found", name);
	if (strcmp(cli_str(c, "condition"), "boot") == 0)
		return error_set(err, ERR_UNSUPPORTED, "--condition=boot is only supported on macOS");
	if (strcmp(cli_str(c, "condition"), "login") != 0)
		return error_set(err, ERR_INVALID, "unknown condition \"%s\": must be \"login\" or \"boot\"", cli_str(c, "condition"));
	file = unit_file(c, name);
	if (!file)
		return autostart_not_here(err);
	if (autostart_enable(c, name, file, err) < 0)
		return -1;
	cli_say(&c->env, SAY_INFO, "Instance `%s` registered to start at login", name);
	return 0;
}

static int
run_disable(struct cli *c, struct error *err)
{
	const char *name = c->args[0], *file;

	if (name_check(name, err) < 0)
		return -1;
	if (!instance_exists(c, name))
		return error_set(err, ERR_INVALID, "instance \"%s\" not found", name);
	file = unit_file(c, name);
	if (!file)
		return autostart_not_here(err);
	if (!fs_exists(file)) {
		cli_say(&c->env, SAY_INFO, "Instance `%s` is not registered for automatic startup", name);
		return 0;
	}
	if (autostart_disable(name, file, err) < 0)
		return -1;
	cli_say(&c->env, SAY_INFO, "Instance `%s` unregistered from start at login", name);
	return 0;
}

static int
run_start_at_login(struct cli *c, struct error *err)
{
	const char *name = c->nargs ? c->args[0] : "default", *file;
	bool there;

	fputs("Command \"start-at-login\" is deprecated, use \"limactl autostart\" instead\n", stderr);
	if (name_check(name, err) < 0)
		return -1;
	if (!instance_exists(c, name)) {
		cli_say(&c->env, SAY_INFO, "Instance `%s` not found", name);
		return 0;
	}
	file = unit_file(c, name);
	if (!file)
		return autostart_not_here(err);
	there = fs_exists(file);
	if (!cli_bool(c, "enabled") && !there) {
		cli_say(&c->env, SAY_INFO, "Instance `%s` is not registered for automatic startup", name);
		return 0;
	}
	if ((cli_bool(c, "enabled") ? autostart_enable(c, name, file, err) : autostart_disable(name, file, err)) < 0)
		return -1;
	cli_say(&c->env, SAY_INFO, "The autostart entry for instance `%s` has been %s", name,
		!cli_bool(c, "enabled") ? "unregistered" : there ? "updated" : "created");
	return 0;
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
	.run = run_enable,
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
	.run = run_disable,
};

const struct command command_start_at_login = {
	.name = "start-at-login",
	.group = GROUP_HIDDEN,
	.args = "[INSTANCE]",
	.about = "Start an instance at login (deprecated: use autostart)",
	.complete = "@instance",
	.flags = login_flags,
	.max_args = 1,
	.run = run_start_at_login,
};
