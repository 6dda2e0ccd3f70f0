#include "cli/cancel.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/cli.h"

/* A handler can only reach a global. */
static volatile int cancelled;
static volatile long long cancelled_ms;

/*
 * The second one ends us at once, but not the echo of the first: timeout(1) sends it to us and to our group, and a shell or
 * make hands on what the terminal has sent to us already.
 */
enum { ECHO_MS = 300 };

static void
cli_env_on_signal(int sig)
{
	long long now = clock_ms();

	if (!cancelled)
		cancelled_ms = now;
	else if (now - cancelled_ms > ECHO_MS)
		_exit(128 + sig);
	cancelled = sig;
}

/* Time is up: as the first signal, and never as the second. */
static void
cli_env_on_alarm(int sig)
{
	if (!cancelled)
		cancelled = sig;
}

/*
 * The guest that is waited for is given until then, and says itself why it is not ready; so the rest is broken off a
 * moment later.
 */
enum { DEADLINE_GRACE_MS = 1000 };

void
cli_deadline(struct cli *c, long long ms)
{
	struct sigaction act = { .sa_handler = cli_env_on_alarm };
	long long left = c->began_ms + ms + DEADLINE_GRACE_MS - clock_ms();
	struct itimerval timer = { 0 };

	left = left > 1 ? left : 1;
	timer.it_value = (struct timeval){ left / 1000, left % 1000 * 1000 };
	c->env.deadline_ms = ms ? c->began_ms + ms : 0;
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, ms ? &timer : &(struct itimerval){ 0 }, NULL);
}

bool
cli_out_of_time(const struct cli *c)
{
	return c->env.cancel && *c->env.cancel == SIGALRM;
}

void
cli_time_over(struct cli *c, bool over)
{
	cli_deadline(c, 0);
	if (cancelled == SIGALRM || over)
		cancelled = over ? SIGALRM : 0;
}

void
cli_catch_signals(struct cli *c)
{
	struct sigaction act = { .sa_handler = cli_env_on_signal }, ignore = { .sa_handler = SIG_IGN }, hangup;

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	/* SIGHUP stops a run cleanly when the terminal goes away, unless nohup has asked to ignore it. */
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &act, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	c->env.cancel = &cancelled;
}

int
cli_failed_status(const struct cli *c, const struct error *err)
{
	if (cli_out_of_time(c))
		return STATUS_OUT_OF_TIME;
	if (c->env.cancel && *c->env.cancel)
		return 128 + *c->env.cancel;
	return err && err->code == ERR_STALE ? STATUS_STALE : 1;
}
