#include "providers/usernet_run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/process.h"
#include "providers/pidfile.h"
#include "providers/usernet.h"

enum { START_MS = 20000, LOOK_MS = 5, STOP_MS = 5000 };

static const char *
usernet_name(const char *dir)
{
	return strrchr(dir, '/') + 1;
}

static char *
usernet_pidfile(const char *dir)
{
	return xasprintf("%s/usernet_%s.pid", dir, usernet_name(dir));
}

char *
usernet_dir(const char *home, const char *name)
{
	return xasprintf("%s/_networks/%s", home, name);
}

pid_t
usernet_process(const char *dir)
{
	auto_free char *path = usernet_pidfile(dir);

	return pidfile_process(path);
}

int
usernet_lock(const char *dir, struct error *err)
{
	auto_free char *path = xasprintf("%s/.lock", dir);

	return fs_lock(path, true, err);
}

int
usernet_start(const char *program, const char *dir, struct error *err)
{
	auto_free char *log = xasprintf("%s/usernet.%s.stderr.log", dir, usernet_name(dir));
	const char *argv[] = { program, dir, NULL };
	struct proc_daemon d = { .stderr_path = log };
	AUTO(buf) said = BUF_INIT;
	long long end = clock_ms() + START_MS;
	pid_t pid;

	if (usernet_process(dir))
		return 0;
	pid = proc_daemon(argv, &d, err);
	if (pid < 0)
		return -1;
	while (!usernet_process(dir)) {
		if (proc_wait_gone(pid, 0, LOOK_MS, NULL) == 1 && !usernet_process(dir)) {
			fs_read_if(log, &said, USERNET_FILE_MAX, NULL);
			return error_set(err, ERR_CHILD, "the switch of network `%s` ended at once: %.*s (see %s)", usernet_name(dir),
					 (int)strcspn(said.s, "\n"), said.s, log);
		}
		if (clock_ms() > end)
			return error_set(err, ETIMEDOUT, "the switch of network `%s` does not start; see %s", usernet_name(dir), log);
	}
	return 0;
}

int
usernet_stop(const char *dir, struct error *err)
{
	auto_free char *path = usernet_pidfile(dir);
	AUTO(process) p = { 0 };

	if (!pidfile_hold(path, &p))
		return 0;
	if (process_signal(&p, SIGTERM, err) < 0)
		return -1;
	if (process_wait(&p, STOP_MS, NULL) == 1)
		return 0;
	return process_signal(&p, SIGKILL, err) < 0 ? -1 : (process_wait(&p, -1, NULL), 0);
}
