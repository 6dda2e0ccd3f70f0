/*
 * hostagent/machine/companions.c - processes that a machine needs beside it: virtiofsd, swtpm.
 *
 * They are started before it, in sessions of their own, and end by themselves when it
 * closes their socket; so they survive us as it does. Their numbers are in DIR/NAME.pid, for
 * the next agent: a process of that number that has the socket among its words is the one.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/helper/helper.h"

enum {
	LOOK_MS = 5,	/* there is nothing to wait on that tells of bind() and of an end alike */
	LIMIT_MS = 5000,
};

struct companions {
	uv_timer_t timer;
	uint64_t deadline;
	pid_t *pids;
	void (*ready)(struct agent *a, const struct error *e);
};

static char *
machine_companions_file_of(const struct agent *a, const struct launch_companion *c, const char *suffix)
{
	return xasprintf("%s/%s.%s", a->launch.dir, c->name, suffix);
}

static void
machine_companions_on_closed(uv_handle_t *h)
{
	struct companions *s = h->data;

	free(s->pids);
	free(s);
}

/* The waiting is over, one way or the other. */
static void
machine_companions_settle(struct agent *a, const struct error *e)
{
	struct companions *s = a->companions;

	a->companions = NULL;
	uv_close((uv_handle_t *)&s->timer, machine_companions_on_closed);
	s->timer.data = s;
	if (e)
		companions_end(a);
	s->ready(a, e);
}

void
companions_end(struct agent *a)
{
	if (a->companions) {
		struct companions *s = a->companions;

		a->companions = NULL;
		s->timer.data = s;
		uv_close((uv_handle_t *)&s->timer, machine_companions_on_closed);
	}
	for (size_t i = 0; i < a->launch.ncompanions; i++)
		helper_end_companion(a, i);
}

static int
start_one(struct agent *a, size_t i, pid_t *pid, struct error *err)
{
	const struct launch_companion *c = &a->launch.companions[i];

	*pid = helper_companion(a, i, err);
	if (*pid < 0)
		return -1;
	log_info("%s started, process %d", c->name, (int)*pid);
	return 0;
}

/* Has it ended, instead of listening? */
static int
machine_companions_ended(struct agent *a, const struct launch_companion *c, pid_t pid, struct error *err)
{
	auto_free char *log = machine_companions_file_of(a, c, "log"), *said = NULL;
	int status;

	if (helper_reap(a, pid, &status) != 1)
		return 0;
	said = tail_text(log, 400);
	for (char *p = said; *p; p++)
		if (*p == '\n')
			*p = ';';
	return error_set(err, ERR_CHILD, "%s ended at once%s%s", c->name, *said ? ": " : "", said);
}

static void
machine_companions_on_look(uv_timer_t *t)
{
	struct agent *a = t->data;
	struct companions *s = a->companions;
	struct error e;

	for (size_t i = 0; i < a->launch.ncompanions; i++) {
		const struct launch_companion *c = &a->launch.companions[i];

		if (machine_companions_ended(a, c, s->pids[i], &e) < 0) {
			machine_companions_settle(a, &e);
			return;
		}
		if (fs_exists(c->socket))
			continue;
		if (uv_now(&a->loop) < s->deadline)
			return;
		error_set(&e, ETIMEDOUT, "%s does not listen on %s", c->name, c->socket);
		machine_companions_settle(a, &e);
		return;
	}
	machine_companions_settle(a, NULL);
}

void
companions_start(struct agent *a, void (*ready)(struct agent *a, const struct error *e))
{
	struct companions *s = a->companions = xcalloc(1, sizeof *s);
	struct error e;

	s->ready = ready;
	s->pids = xcalloc(a->launch.ncompanions + 1, sizeof *s->pids);
	s->deadline = uv_now(&a->loop) + LIMIT_MS;
	uv_timer_init(&a->loop, &s->timer);
	s->timer.data = a;
	for (size_t i = 0; i < a->launch.ncompanions; i++)
		if (start_one(a, i, &s->pids[i], &e) < 0) {
			machine_companions_settle(a, &e);
			return;
		}
	if (a->launch.ncompanions)
		uv_timer_start(&s->timer, machine_companions_on_look, LOOK_MS, LOOK_MS);
	else
		machine_companions_settle(a, NULL);
}
