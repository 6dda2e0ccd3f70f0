/*
 * hostagent/machine/machine.c - the process of the machine, whatever the driver.
 *
 * It is a child in a session of its own, or, after an agent was killed, nobody's
 * child: either way a pidfd tells of its end. Its output goes to a log and
 * not through a pipe, so that it has nothing to lose with us.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/news.h"
#include "base/os/process.h"
#include "base/proc.h"
#include "base/process.h"
#include "hostagent/agent.h"
#include "hostagent/helper/helper.h"
#include "hostagent/helper/instance_files.h"
#include "hostagent/machine/runtime.h"
#include "providers/stop_ladder.h"

enum {
	AGAIN_MS = 5,	/* between bind() and listen() of the control socket */
	LOOK_MS = 50,	/* between two looks for it, where nothing tells of it */
};

enum stage { STARTING, UP, STOPPING, GONE };

struct machine_run {
	struct process process;
	struct os_news news;	/* not open: not waiting for the control socket, or by the timer alone */
	bool ours;		/* our child: it has an exit status for us */
	bool was_up;		/* it may have a guest that could lose something */
	enum stage stage;
	enum stop_rung rung;	/* that was climbed last, when STOPPING */
	struct stop_ladder ladder;
	uv_poll_t death, appears;
	uv_timer_t timer;
	bool is_prepared;
	struct error unprepared;	/* why not */
};

static void ask_if_up(struct agent *a);
static void machine_climb(struct agent *a);

int
machine_pid(const struct agent *a)
{
	return a->machine && a->machine->stage != GONE ? a->machine->process.pid : 0;
}

bool
machine_ours(const struct agent *a)
{
	return a->machine->ours;
}

/* Words for an end that nobody asked for; NULL: the guest has powered itself off. */
static char *
machine_verdict(struct agent *a)
{
	struct machine_run *m = a->machine;
	const char *title = a->runtime->title;
	int s = 0;
	auto_free char *path = xasprintf("%s/%s", a->launch.dir, a->runtime->log);
	auto_free char *said = tail_text(path, 600);

	for (char *p = said; *p; p++)
		if (*p == '\n')
			*p = ';';
	if (m->ours && helper_reap(a, m->process.pid, &s) != 1)
		return xasprintf("%s has ended, and nobody knows how%s%s", title, *said ? ": " : "", said);
	if (m->ours && WIFSIGNALED(s))
		return xasprintf("%s was ended by signal %d (%s)%s%s", title, WTERMSIG(s), strsignal(WTERMSIG(s)),
				 *said ? ": " : "", said);
	if ((m->ours && WEXITSTATUS(s) != 0) || m->stage == STARTING)
		return xasprintf("%s ended at once, exit status %d%s%s", title, WEXITSTATUS(s), *said ? ": " : "", said);
	return NULL;
}

static void
stop_watching(struct machine_run *m)
{
	if (m->news.fd < 0)
		return;
	uv_close((uv_handle_t *)&m->appears, NULL);
	os_news_release(&m->news);
}

static void
machine_ended(struct agent *a)
{
	if (a->runtime->ended)
		a->runtime->ended(a);
}

static void
on_death(uv_poll_t *p, int status, int events)
{
	struct agent *a = p->data;
	struct machine_run *m = a->machine;
	auto_free char *why = machine_verdict(a);
	bool asked = m->stage > UP;

	(void)status;
	(void)events;
	m->stage = GONE;
	uv_close((uv_handle_t *)&m->death, NULL);
	uv_close((uv_handle_t *)&m->timer, NULL);
	stop_watching(m);
	companions_end(a);
	machine_ended(a);
	own_files_sweep(a, NULL);
	log_info("%s, process %d, has ended%s%s", a->runtime->title, (int)m->process.pid, why ? ": " : "", why ? why : "");
	agent_machine_gone(a, asked ? NULL : why);
}

static void
machine_up(struct agent *a)
{
	a->machine->stage = UP;
	a->machine->was_up = true;
	uv_timer_stop(&a->machine->timer);
	stop_watching(a->machine);
	agent_machine_up(a);
}

static void
machine_on_again(uv_timer_t *t)
{
	ask_if_up(t->data);
}

static void
on_status(struct agent *a, const struct error *e)
{
	struct machine_run *m = a->machine;

	if (m->stage != STARTING)
		return;
	if (!e) {
		machine_up(a);
		return;
	}
	log_debug("waiting for %s: %s", a->runtime->title, e->msg);
	/* No socket: its folder will tell. A socket that refuses will listen in a moment. */
	if (e->code != ENOENT || m->news.fd < 0)
		uv_timer_start(&m->timer, machine_on_again, e->code == ENOENT ? LOOK_MS : AGAIN_MS, 0);
}

static void
ask_if_up(struct agent *a)
{
	a->runtime->ask_if_up(a, on_status);
}

static void
on_appears(uv_poll_t *p, int status, int events)
{
	struct agent *a = p->data;
	bool seen = os_news_take_of(&a->machine->news, strrchr(a->launch.machine.control, '/') + 1);

	(void)status;
	(void)events;
	if (seen && a->machine->stage == STARTING)
		ask_if_up(a);
}

/* Whoever asked for it has looked as well; but a guest may have run since, until the machine that was there ended. */
static int
check_disks(const struct launch *l, struct error *err)
{
	for (size_t i = 0; i < l->ndisks; i++)
		if (image_disk_check(&l->disks[i], err) < 0)
			return -1;
	return 0;
}

static int
machine_spawn(struct agent *a, struct error *err)
{
	struct machine_run *m = a->machine;
	pid_t pid;

	if (check_disks(&a->launch, err) < 0)
		return -1;
	/* A user has 128 of these by default, and every agent keeps one for its consoles: where none is left, the timer looks. */
	if (os_news_open(&m->news, false) == 0 && os_news_add(&m->news, a->launch.dir, NEWS_CREATED | NEWS_MOVED_TO, NULL) < 0)
		return error_errno(err, "watch %s", a->launch.dir);
	pid = helper_machine(a, err);
	if (pid < 0)
		return -1;
	m->ours = true;
	log_info("%s started, process %d", a->runtime->title, (int)pid);
	/* The number belongs to the process until it is reaped, so also one that has ended can be held. */
	m->process = (struct process){ .pid = pid, .fd = os_process_end(pid) };
	return m->process.fd < 0 ? error_errno(err, "%s, process %d", a->runtime->title, (int)pid) : 0;
}

static void
machine_watch(struct agent *a)
{
	struct machine_run *m = a->machine;

	uv_poll_init(&a->loop, &m->death, m->process.fd);
	uv_timer_init(&a->loop, &m->timer);
	m->death.data = m->timer.data = m->appears.data = a;
	uv_poll_start(&m->death, UV_READABLE, on_death);
	if (m->ours) {
		if (m->news.fd >= 0) {
			uv_poll_init(&a->loop, &m->appears, m->news.fd);
			uv_poll_start(&m->appears, UV_READABLE, on_appears);
		}
		ask_if_up(a);
	} else {
		m->stage = UP;
		m->was_up = true;
		agent_machine_up(a);
	}
}

/* Before there is a machine. */
static void
machine_give_up(struct agent *a, const char *why)
{
	companions_end(a);
	a->machine->stage = GONE;
	agent_machine_gone(a, why);
}

static void
on_companions(struct agent *a, const struct error *e)
{
	struct error err;

	if (e)
		machine_give_up(a, e->msg);
	else if (machine_spawn(a, &err) < 0)
		machine_give_up(a, err.msg);
	else
		machine_watch(a);
}

void
machine_find(struct agent *a)
{
	struct machine_run *m = a->machine = xcalloc(1, sizeof *m);

	m->news.fd = -1;
	a->runtime->find(a->launch.dir, &m->process);
}

/* What is left of a run before. Companions of a machine that has ended would hold the folder, or the state of the chip. */
void
machine_prepare(struct agent *a)
{
	struct machine_run *m = a->machine;

	if (m->process.pid)
		return;
	companions_end(a);
	machine_ended(a);
	m->is_prepared = a->runtime->sweep(a, &m->unprepared) == 0 && instance_logs_make(a, &m->unprepared) == 0;
}

struct process
machine_process(const struct agent *a)
{
	return a->machine ? a->machine->process : (struct process){ 0 };
}

void
machine_start(struct agent *a)
{
	struct machine_run *m = a->machine;

	if (m->process.pid) {
		log_info("%s, process %d, runs already: taken over", a->runtime->title, (int)m->process.pid);
		machine_watch(a);
		return;
	}
	if (!m->is_prepared)
		machine_give_up(a, m->unprepared.msg);
	else
		companions_start(a, on_companions);
}

static void
send_signal(struct agent *a, int sig)
{
	struct error err;

	if (helper_signal(a, a->machine->process.pid, sig, &err) < 0)
		log_error("%s: %s", a->runtime->title, err.msg);
}

static bool
stands_on(const struct agent *a, enum stop_rung rung)
{
	return a->machine->stage == STOPPING && a->machine->rung == rung;
}

static void
on_button(struct agent *a, const struct error *e)
{
	if (!e || !stands_on(a, STOP_BUTTON))
		return;
	log_warning("power button: %s", e->msg);
	/* The driver may be busy, so the timer presses again. */
	if (e->code == ETIMEDOUT)
		return;
	stop_ladder_skip_button(&a->machine->ladder);
	machine_climb(a);
}

static void
on_quit(struct agent *a, const struct error *e)
{
	if (!e || !stands_on(a, STOP_QUIT))
		return;
	log_warning("quit: %s", e->msg);
	send_signal(a, SIGTERM);
}

static void
on_rung_timer(uv_timer_t *t)
{
	machine_climb(t->data);
}

/* The next rung (providers/stop_ladder.h); a timer leads to the one behind it. */
static void
machine_climb(struct agent *a)
{
	struct machine_run *m = a->machine;
	int wait_ms;

	m->rung = stop_ladder_next(&m->ladder, (long long)uv_now(&a->loop), &wait_ms);
	if (m->rung != STOP_LOST)
		uv_timer_start(&m->timer, on_rung_timer, (uint64_t)wait_ms, 0);
	switch (m->rung) {
	case STOP_BUTTON:
		log_debug("power button");
		a->runtime->press_button(a, on_button);
		break;
	case STOP_QUIT:
		if (!m->was_up) {
			send_signal(a, SIGTERM);
			break;
		}
		log_warning("the guest has not powered off: %s is told to quit", a->runtime->title);
		a->runtime->quit(a, on_quit);
		break;
	case STOP_KILL:
		log_warning("%s is killed", a->runtime->title);
		send_signal(a, SIGKILL);
		break;
	case STOP_LOST:
		log_error("%s, process %d, survives SIGKILL", a->runtime->title, (int)m->process.pid);
		break;
	}
}

void
machine_stop(struct agent *a)
{
	struct machine_run *m = a->machine;
	bool starting = m->stage == STARTING;

	if (starting && !m->process.pid) {
		machine_give_up(a, NULL);
	} else if (starting || m->stage == UP) {
		m->stage = STOPPING;
		m->ladder = stop_ladder((long long)uv_now(&a->loop), m->was_up ? a->launch.stop_timeout_ms : 0);
		machine_climb(a);
	}
}

void
machine_free(struct agent *a)
{
	struct machine_run *m = a->machine;

	if (!m)
		return;
	process_release(&m->process);
	os_news_release(&m->news);
	free(m);
	a->machine = NULL;
}
