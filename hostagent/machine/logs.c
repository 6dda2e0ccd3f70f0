/*
 * hostagent/machine/logs.c - logs that a guest can make grow are kept from filling the disk.
 *
 * What the guest writes to its consoles, and makes the machine and us say, is kept to the end of it: the room of what was before is
 * given back where it stands, so that nobody who reads or writes the file has to know.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "base/os/file.h"
#include "hostagent/agent.h"
#include "hostagent/machine/runtime.h"

enum {
	LOOK_MS = 5000,
	HELD_MAX = 64 << 20,	/* on the disk */
	KEPT = 1 << 20,		/* of the end, of one that has grown to that */
};

struct logs {
	struct agent *agent;
	uv_timer_t look;
};

static void
logs_look_at(const struct agent *a, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", a->launch.dir, name);
	auto_close int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_blocks < HELD_MAX / 512 || st.st_size < HELD_MAX)
		return;
	if (os_file_give_up(fd, st.st_size - KEPT) < 0)
		log_warning("%s: %s", path, strerror(errno));
	else
		log_warning("%s has grown to %lld MiB: all but its end is given up", path, (long long)st.st_size >> 20);
}

static void
logs_on_look(uv_timer_t *t)
{
	const struct logs *l = t->data;
	const struct runtime *driver = l->agent->runtime;

	for (const char *const *name = driver->console_logs; *name; name++)
		logs_look_at(l->agent, *name);
	logs_look_at(l->agent, driver->log);
	logs_look_at(l->agent, "ha.stderr.log");
	logs_look_at(l->agent, "ha.stdout.log");
}

void
logs_start(struct agent *a)
{
	struct logs *l = a->logs = xcalloc(1, sizeof *l);

	l->agent = a;
	uv_timer_init(&a->loop, &l->look);
	l->look.data = l;
	uv_timer_start(&l->look, logs_on_look, LOOK_MS, LOOK_MS);
}

static void
logs_on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
logs_free(struct agent *a)
{
	if (a->logs)
		uv_close((uv_handle_t *)&a->logs->look, logs_on_closed);
	a->logs = NULL;
}
