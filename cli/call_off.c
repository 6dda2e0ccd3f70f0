#include "cli/call_off.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/process.h"
#include "cli/cli.h"
#include "resources/instance_lock.h"

enum {
	TICK_MS = 50,
	PATIENCE_MS = 10000,	/* a start that is forced to end; none of its steps is lost by that */
};

/* What is noted in the lock of an instance that is being started: alone, or with others by the same limactl. */
#define NOTE_ALONE "starts"
#define NOTE_AMONG "starts-among-others"

/* --- who starts; a handler can only reach a global --- */

static struct {
	volatile int *caller;		/* of each number from `first` on; 0: nobody */
	volatile int first, n, calls;
} offered;

static void
call_off_on_signal(int sig, siginfo_t *si, void *context)
{
	int i = si->si_value.sival_int - offered.first;

	(void)sig, (void)context;
	if (si->si_code != SI_QUEUE || i < 0 || i >= offered.n || offered.caller[i])
		return;
	__atomic_store_n(&offered.caller[i], (int)si->si_pid, __ATOMIC_RELAXED);
	__atomic_add_fetch(&offered.calls, 1, __ATOMIC_RELEASE);
}

void
call_off_offer(size_t n, int *first)
{
	struct sigaction act = { .sa_sigaction = call_off_on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };

	/* Each number is used once, so one that is sent late means nothing. */
	offered.first += offered.n;
	offered.n = 0;
	free((void *)(uintptr_t)offered.caller);
	offered.caller = xcalloc(n + 1, sizeof *offered.caller);
	offered.n = (int)n;
	offered.calls = 0;
	sigaction(SIGRTMIN, &act, NULL);
	*first = offered.first;
}

void
call_off_note(int fd, int number, bool alone)
{
	lock_note(fd, alone ? NOTE_ALONE : NOTE_AMONG, number);
}

const volatile int *
call_off_caller(int number)
{
	return &offered.caller[number - offered.first];
}

const volatile int *
call_off_calls(void)
{
	return &offered.calls;
}

/* --- who wants it down --- */

struct start {
	struct process by;
	int number;			/* -1: of a limactl that knows of none */
	bool alone;
};

static bool
start_find(const char *path, struct start *s)
{
	s->alone = lock_holder(path, NOTE_ALONE, &s->by, &s->number);
	return s->alone || lock_holder(path, NOTE_AMONG, &s->by, &s->number);
}

static bool
start_is_held(const char *path)
{
	struct start s = { 0 };
	bool held = start_find(path, &s);

	process_release(&s.by);
	return held;
}

/* Until the lock is let go, or the other one is gone. */
static int
start_await_end(struct cli *c, const char *name, const char *path, const struct start *s, struct error *err)
{
	long long since = clock_ms();

	while (process_is_alive(&s->by) && start_is_held(path)) {
		if (c->env.cancel && *c->env.cancel)
			return error_set(err, ERR_CANCELLED, "interrupted while the start of the instance `%s` was ending", name);
		if (c->env.force && s->alone && clock_ms() - since > PATIENCE_MS && process_signal(&s->by, SIGKILL, err) < 0)
			return -1;
		process_wait(&s->by, TICK_MS, NULL);
	}
	return 1;
}

int
call_off_start(struct cli *c, const char *name, struct error *err)
{
	auto_free char *path = instance_lock_path(&c->env, name);
	struct start s = { 0 };
	int done;

	if (!start_find(path, &s))
		return 0;
	cli_say(&c->env, SAY_INFO, "Ending the start of the instance `%s` (limactl, process %d)", name, (int)s.by.pid);
	done = s.number < 0 ? process_signal(&s.by, SIGTERM, err) : process_tell(&s.by, SIGRTMIN, s.number, err);
	/* Where signals carry no number, one that starts nothing else is ended as a whole. */
	if (done < 0 && err && err->code == ENOTSUP && s.alone)
		done = process_signal(&s.by, SIGTERM, err);
	if (done == 0)
		done = start_await_end(c, name, path, &s, err);
	process_release(&s.by);
	return done;
}
