#include "providers/driver.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "providers/external.h"
#include "providers/pidfile.h"
#include "providers/stop_ladder.h"

extern const struct driver driver_qemu, driver_external;
/* Of tests only: whatever is not linked with it does not know it. */
extern const struct driver driver_fake __attribute__((weak));

const struct driver *const *
driver_all(void)
{
	static const struct driver *const all[] = { &driver_qemu, &driver_fake, NULL };

	return all;
}

/* Who may run a machine. One of an external driver may have a hypervisor of ours below it, so it is looked for first. */
static const struct driver *const *
driver_each(void)
{
	static const struct driver *const each[] = { &driver_external, &driver_qemu, &driver_fake, NULL };

	return each;
}

const struct driver *
driver_find(const char *name)
{
	for (const struct driver *const *d = driver_each(); *d; d++)
		if (strcmp((*d)->name, name) == 0)
			return *d;
	return external_is_there(name) ? &driver_external : NULL;
}

bool
driver_is_ours(const char *name)
{
	for (const struct driver *const *d = driver_all(); *d; d++)
		if (strcmp((*d)->name, name) == 0)
			return true;
	return false;
}

const struct driver *
driver_of(const char *dir, pid_t *pid)
{
	for (const struct driver *const *d = driver_each(); *d; d++) {
		auto_free char *file = xasprintf("%s/%s.pid", dir, (*d)->name);

		if ((*pid = pidfile_process(file)) > 0)
			return *d;
	}
	*pid = 0;
	return NULL;
}

/* A link is no pid file, wherever it leads: no machine has made it. */
static bool
driver_file_is_link(const char *file)
{
	struct stat st;

	return lstat(file, &st) == 0 && S_ISLNK(st.st_mode);
}

int
driver_look(const char *dir, pid_t *pid, struct error *err)
{
	int cannot = 0;

	for (const struct driver *const *d = driver_each(); *d; d++) {
		auto_free char *file = xasprintf("%s/%s.pid", dir, (*d)->name);
		bool absent;

		if ((*pid = pidfile_look(file, &absent)) > 0)
			return 1;
		if (!absent && !driver_file_is_link(file) && fs_look(file, NULL, cannot ? NULL : err) < 0)
			cannot = -1;
	}
	return cannot;
}

int
driver_run(const char *dir, struct arena *a, const char **run, struct error *err)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);

	*run = NULL;
	/* Each run of a machine writes a new pid file. */
	return d ? fs_look_stamp(arena_printf(a, "%s/%s.pid", dir, d->name), a, run, err) : driver_look(dir, &pid, err);
}

/* One rung, and the wait for what comes of it. 1: the machine is gone. */
static int
driver_climb(const struct driver *d, const char *dir, const struct process *p, struct stop_ladder *l, const volatile int *cancel,
      struct error *err)
{
	struct error why = { 0 };
	int wait_ms;

	switch (stop_ladder_next(l, clock_ms(), &wait_ms)) {
	case STOP_BUTTON:
		/* A hypervisor that does not answer in time may have been busy with somebody else */
		if (d->press_button(dir, &why) < 0 && why.code != ETIMEDOUT) {
			stop_ladder_skip_button(l);
			wait_ms = 0;
		}
		if (process_wait(p, wait_ms, cancel) == 1)
			return 1;
		return cancel && *cancel ? error_set(err, ERR_CANCELLED, "cancelled") : 0;
	case STOP_QUIT:
		if (d->quit(dir, &why) < 0 && process_signal(p, SIGTERM, err) < 0)
			return -1;
		return process_wait(p, wait_ms, NULL);
	case STOP_KILL:
		if (process_signal(p, SIGKILL, err) < 0)
			return -1;
		return process_wait(p, wait_ms, NULL);
	case STOP_LOST:
		break;
	}
	return error_set(err, ETIMEDOUT, "process %d survives SIGKILL", (int)p->pid);
}

static int
stop_with(const struct driver *d, const char *dir, int grace_ms, const volatile int *cancel, struct error *err)
{
	struct stop_ladder ladder = stop_ladder(clock_ms(), grace_ms);
	AUTO(process) p = { 0 };
	int gone = !d->find(dir, true, &p);

	while (gone == 0)
		gone = driver_climb(d, dir, &p, &ladder, cancel, err);
	return gone < 0 ? -1 : d->sweep(dir, err);
}

int
driver_stop(const char *dir, int grace_ms, const volatile int *cancel, struct error *err)
{
	for (const struct driver *const *d = driver_each(); *d; d++)
		if (stop_with(*d, dir, grace_ms, cancel, err) < 0)
			return -1;
	return 0;
}
