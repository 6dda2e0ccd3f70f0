#include "providers/systemd.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"

enum { SYSTEMCTL_MS = 60000, MAX_UNIT = 64 << 10 };

bool
systemd_runs(void)
{
	return fs_exists("/run/systemd/system") || getenv("LIMACTL_TEST_SYSTEMD");
}

/* The folder of the user's units, or what is in it; to free. */
static char *
unit_folder(const char *in)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config)
		return xasprintf("%s/systemd/user%s", config, in);
	return xasprintf("%s/.config/systemd/user%s", home ? home : "", in);
}

char *
systemd_unit_path(const char *unit)
{
	auto_free char *folder = unit_folder("");

	return xasprintf("%s/%s", folder, unit);
}

int
systemd_unit_read(const char *unit, struct buf *text, struct error *err)
{
	auto_free char *path = systemd_unit_path(unit);

	return fs_read_if(path, text, MAX_UNIT, err);
}

static int
systemctl_run(const char *verb, const char *unit, struct error *err)
{
	const char *argv[] = { "systemctl", "--user", verb, unit, NULL };

	return proc_run(argv, &(struct proc_opts){ .timeout_ms = SYSTEMCTL_MS }, err);
}

int
systemd_unit_enable(const char *unit, const char *text, size_t len, struct error *err)
{
	auto_free char *path = systemd_unit_path(unit), *folder = unit_folder("");

	if (fs_mkdirs(folder, 0755, err) < 0 || fs_write(path, text, len, 0644, err) < 0)
		return fs_explain_full(err, path);
	if (systemctl_run("enable", unit, err) == 0)
		return 0;
	fs_unlink(path, NULL);
	return -1;
}

int
systemd_unit_disable(const char *unit, char **told, struct error *err)
{
	auto_free char *path = systemd_unit_path(unit), *login = unit_folder("/default.target.wants/"), *timers = unit_folder("/timers.target.wants/");
	auto_free char *link = xasprintf("%s%s", login, unit), *timer_link = xasprintf("%s%s", timers, unit);
	struct error why;

	*told = NULL;
	if (!fs_exists(path))
		return 0;
	if (systemctl_run("disable", unit, &why) < 0) {
		*told = xstrdup(why.msg);
		if (fs_unlink(link, err) < 0 || fs_unlink(timer_link, err) < 0)
			return -1;
	}
	return fs_unlink(path, err);
}

int
systemd_timer_enable(const char *timer, const char *timer_text, const char *service, const char *service_text, struct error *err)
{
	auto_free char *path = systemd_unit_path(service), *folder = unit_folder("");

	if (fs_mkdirs(folder, 0755, err) < 0 || fs_write(path, service_text, strlen(service_text), 0644, err) < 0)
		return fs_explain_full(err, path);
	if (systemd_unit_enable(timer, timer_text, strlen(timer_text), err) == 0 && systemctl_run("start", timer, err) == 0)
		return 0;
	fs_unlink(path, NULL);
	return -1;
}

int
systemd_timer_disable(const char *timer, const char *service, char **told, struct error *err)
{
	auto_free char *path = systemd_unit_path(service), *timer_path = systemd_unit_path(timer);

	/* One that was never begun cannot be ended: that it is away is what counts. */
	if (fs_exists(timer_path))
		systemctl_run("stop", timer, NULL);
	if (systemd_unit_disable(timer, told, err) < 0)
		return -1;
	return fs_unlink(path, err);
}
