/*
 * hostagent/machine/machine.c - the QEMU process.
 *
 * It is a child in a session of its own, or, after an agent was killed, nobody's
 * child: either way a pidfd tells of its end. Its output goes to DIR/qemu.log and
 * not through a pipe, so that it has nothing to lose with us.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/process.h"
#include "hostagent/agent.h"
#include "hostagent/helper/helper.h"
#include "providers/drivers/qemu/qemu.h"
#include "providers/drivers/qemu/proc.h"

enum {
	QMP_MS = 5000,
	AGAIN_MS = 5,		/* between QEMU's bind() and listen() */
	BUTTON_MS = 10000,	/* a guest that boots may not listen to the power button yet: press it again */
	QUIT_MS = 10000,	/* QEMU flushes its disks */
	KILL_MS = 30000,	/* the kernel does */
};

enum stage { STARTING, UP, BUTTON, QUIT, KILL, GONE };

struct machine {
	struct process qemu;
	int inotify;		/* -1: not waiting for the control socket */
	bool ours;		/* our child: it has an exit status for us */
	enum stage stage;
	uint64_t deadline;	/* of BUTTON, in the loop's time */
	uv_poll_t death, appears;
	uv_timer_t timer;
};

static void ask_if_up(struct agent *a);
static void next_stage(struct agent *a);

int
machine_pid(const struct agent *a)
{
	return a->machine && a->machine->stage != GONE ? a->machine->qemu.pid : 0;
}

bool
machine_ours(const struct agent *a)
{
	return a->machine->ours;
}

/* Words for an end that nobody asked for; NULL: the guest has powered itself off. */
static char *
verdict(struct agent *a)
{
	struct machine *m = a->machine;
	int s = 0;
	auto_free char *path = xasprintf("%s/qemu.log", a->launch.dir);
	auto_free char *said = tail_text(path, 600);

	for (char *p = said; *p; p++)
		if (*p == '\n')
			*p = ';';
	if (m->ours && helper_reap(a, m->qemu.pid, &s) != 1)
		return xasprintf("QEMU has ended, and nobody knows how%s%s", *said ? ": " : "", said);
	if (m->ours && WIFSIGNALED(s))
		return xasprintf("QEMU was ended by signal %d (%s)%s%s", WTERMSIG(s), strsignal(WTERMSIG(s)),
				 *said ? ": " : "", said);
	if ((m->ours && WEXITSTATUS(s) != 0) || m->stage == STARTING)
		return xasprintf("QEMU ended at once, exit status %d%s%s", WEXITSTATUS(s), *said ? ": " : "", said);
	return NULL;
}

static void
stop_watching(struct machine *m)
{
	if (m->inotify < 0)
		return;
	uv_close((uv_handle_t *)&m->appears, NULL);
	close(m->inotify);
	m->inotify = -1;
}

static void
on_death(uv_poll_t *p, int status, int events)
{
	struct agent *a = p->data;
	struct machine *m = a->machine;
	auto_free char *why = verdict(a);
	bool asked = m->stage > UP;

	(void)status;
	(void)events;
	m->stage = GONE;
	uv_close((uv_handle_t *)&m->death, NULL);
	uv_close((uv_handle_t *)&m->timer, NULL);
	stop_watching(m);
	companions_end(a);
	vnc_end(a);
	qemu_sweep(a->launch.dir, NULL);
	log_info("QEMU, process %d, has ended%s%s", (int)m->qemu.pid, why ? ": " : "", why ? why : "");
	agent_machine_gone(a, asked ? NULL : why);
}

static void
up(struct agent *a)
{
	a->machine->stage = UP;
	uv_timer_stop(&a->machine->timer);
	stop_watching(a->machine);
	agent_machine_up(a);
}

static void
on_again(uv_timer_t *t)
{
	ask_if_up(t->data);
}

static void
on_status(struct agent *a, const cJSON *answer, const struct error *e)
{
	struct machine *m = a->machine;

	if (m->stage != STARTING)
		return;
	if (answer) {
		up(a);
		return;
	}
	log_debug("waiting for QEMU: %s", e->msg);
	/* no socket: inotify will tell. A socket that refuses will listen in a moment. */
	if (e->code != ENOENT)
		uv_timer_start(&m->timer, on_again, AGAIN_MS, 0);
}

static void
ask_if_up(struct agent *a)
{
	qmp_send(a, "query-status", NULL, QMP_MS, on_status);
}

static void
on_appears(uv_poll_t *p, int status, int events)
{
	struct agent *a = p->data;
	_Alignas(struct inotify_event) char buf[4096];
	const char *name = strrchr(a->launch.qemu.qmp_socket, '/') + 1;
	ssize_t n = read(a->machine->inotify, buf, sizeof buf);
	bool seen = false;

	(void)status;
	(void)events;
	for (char *e = buf; e < buf + (n > 0 ? n : 0);) {
		const struct inotify_event *ev = (const void *)e;

		seen |= ev->len && strcmp(ev->name, name) == 0;
		e += sizeof *ev + ev->len;
	}
	if (seen && a->machine->stage == STARTING)
		ask_if_up(a);
}

/* What is left of a run before: QEMU appends to none of these, and nobody else has them. */
static int
clear(const char *dir, struct error *err)
{
	if (qemu_sweep(dir, err) < 0)
		return -1;
	for (const char *const *name = qemu_serial_logs(); *name; name++) {
		auto_free char *path = xasprintf("%s/%s", dir, *name);

		if (fs_unlink(path, err) < 0)
			return -1;
	}
	return 0;
}

static int
spawn(struct agent *a, struct error *err)
{
	struct machine *m = a->machine;
	pid_t pid;

	m->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (m->inotify < 0 || inotify_add_watch(m->inotify, a->launch.dir, IN_CREATE | IN_MOVED_TO) < 0)
		return error_errno(err, "watch %s", a->launch.dir);
	pid = helper_machine(a, err);
	if (pid < 0)
		return -1;
	m->ours = true;
	log_info("QEMU started, process %d", (int)pid);
	/* its number is its own until it is reaped: also one that has ended already is held */
	m->qemu = (struct process){ .pid = pid, .fd = pidfd_open(pid, 0) };
	return m->qemu.fd < 0 ? error_errno(err, "QEMU, process %d", (int)pid) : 0;
}

static void
watch(struct agent *a)
{
	struct machine *m = a->machine;

	uv_poll_init(&a->loop, &m->death, m->qemu.fd);
	uv_timer_init(&a->loop, &m->timer);
	m->death.data = m->timer.data = m->appears.data = a;
	uv_poll_start(&m->death, UV_READABLE, on_death);
	if (m->ours) {
		uv_poll_init(&a->loop, &m->appears, m->inotify);
		uv_poll_start(&m->appears, UV_READABLE, on_appears);
		ask_if_up(a);
	} else {
		m->stage = UP;
		agent_machine_up(a);
	}
}

/* Before there is a QEMU. */
static void
give_up(struct agent *a, const char *why)
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
		give_up(a, e->msg);
	else if (spawn(a, &err) < 0)
		give_up(a, err.msg);
	else
		watch(a);
}

void
machine_find(struct agent *a)
{
	struct machine *m = a->machine = xcalloc(1, sizeof *m);

	m->inotify = -1;
	qemu_process(a->launch.dir, true, &m->qemu);
}

struct process
machine_process(const struct agent *a)
{
	return a->machine->qemu;
}

void
machine_start(struct agent *a)
{
	struct machine *m = a->machine;
	struct error err;

	if (m->qemu.pid) {
		log_info("QEMU, process %d, runs already: taken over", (int)m->qemu.pid);
		watch(a);
		return;
	}
	/* those of a QEMU that has ended would hold the folder, or the state of the chip */
	companions_end(a);
	vnc_end(a);
	if (clear(a->launch.dir, &err) < 0)
		give_up(a, err.msg);
	else
		companions_start(a, on_companions);
}

/* Stopping: power button, again and again until the deadline; quit; SIGKILL. */

static void
send_signal(struct agent *a, int sig)
{
	struct error err;

	if (helper_signal(a, a->machine->qemu.pid, sig, &err) < 0)
		log_error("QEMU: %s", err.msg);
}

static void
on_stage_timer(uv_timer_t *t)
{
	next_stage(t->data);
}

static void
on_button(struct agent *a, const cJSON *answer, const struct error *e)
{
	if (answer || a->machine->stage != BUTTON)
		return;
	log_warning("power button: %s", e->msg);
	/* somebody else may be talking to QEMU, which serves one at a time: the timer presses again */
	if (e->code == ETIMEDOUT)
		return;
	if (a->machine->deadline > uv_now(&a->loop))
		a->machine->deadline = uv_now(&a->loop);
	next_stage(a);
}

static void
on_quit(struct agent *a, const cJSON *answer, const struct error *e)
{
	if (answer || a->machine->stage != QUIT)
		return;
	log_warning("quit: %s", e->msg);
	send_signal(a, SIGTERM);
}

static void
next_stage(struct agent *a)
{
	struct machine *m = a->machine;

	if (m->stage == BUTTON && uv_now(&a->loop) < m->deadline) {
		uint64_t left = m->deadline - uv_now(&a->loop);

		log_debug("power button");
		uv_timer_start(&m->timer, on_stage_timer, left < BUTTON_MS ? left : BUTTON_MS, 0);
		qmp_send(a, "system_powerdown", NULL, QMP_MS, on_button);
	} else if (m->stage == BUTTON) {
		log_warning("the guest has not powered off: QEMU is told to quit");
		m->stage = QUIT;
		uv_timer_start(&m->timer, on_stage_timer, QUIT_MS, 0);
		qmp_send(a, "quit", NULL, QMP_MS, on_quit);
	} else {
		log_warning("QEMU is killed");
		m->stage = KILL;
		send_signal(a, SIGKILL);
		uv_timer_start(&m->timer, on_stage_timer, KILL_MS, 0);
	}
}

void
machine_stop(struct agent *a)
{
	struct machine *m = a->machine;

	if (m->stage == STARTING && !m->qemu.pid) {
		give_up(a, NULL);
	} else if (m->stage == STARTING) {
		/* no guest yet that could lose anything */
		m->stage = QUIT;
		uv_timer_start(&m->timer, on_stage_timer, QUIT_MS, 0);
		send_signal(a, SIGTERM);
	} else if (m->stage == UP) {
		m->stage = BUTTON;
		m->deadline = uv_now(&a->loop) + (uint64_t)a->launch.stop_timeout_ms;
		next_stage(a);
	}
}

void
machine_free(struct agent *a)
{
	struct machine *m = a->machine;

	if (!m)
		return;
	process_release(&m->qemu);
	if (m->inotify >= 0)
		close(m->inotify);
	free(m);
	a->machine = NULL;
}
