/* limactl wait: until instances are ready, stopped, or have a probe met */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/os/process.h"
#include "base/quote/quote.h"
#include "base/some.h"
#include "cli/cli.h"
#include "cli/ssh/many.h"
#include "cli/view/await.h"
#include "cli/view/instance.h"

static const struct flag flags[] = {
	{ "for", 0, FLAG_STRING, "ready", "What they are to be: ready, stopped, or probe=DESCRIPTION of one in lima.yaml", 0, "ready stopped probe=" },
	{ "timeout", 0, FLAG_DURATION, "10m", "How long, all in all; 0s: for ever", 0, NULL },
	{ "json", 0, FLAG_BOOL, .about = "A line of JSON for each, as it comes" },
	{ 0 },
};

struct waited {
	const char *name;
	pid_t pid;
	int fd;			/* what it has to say, if it will not be so; -1: it is over */
	struct buf why;
};

struct waiting {
	struct cli *cli;
	const char *what;	/* --for */
	struct await await;
	struct waited *v;
	size_t n, left;
	bool failed;
};

static void
waiting_release(struct waiting *w)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].fd >= 0)
			close(w->v[i].fd);
		if (w->v[i].pid > 0)
			kill(w->v[i].pid, SIGKILL);
		buf_release(&w->v[i].why);
	}
	free(w->v);
}

/* --- before anything is waited for --- */

static int
wait_check_probe(struct cli *c, const char *name, const char *config, const char *description, struct error *err)
{
	struct json_span probe, probes = json_at(json_span_of(config), "probes");
	AUTO(buf) there = BUF_INIT;
	size_t at = 0;

	while ((probe = json_each(probes, &at, NULL)).p) {
		const char *text = json_text(&c->arena, json_at(probe, "description"));

		if (!strcmp(text, description))
			return 0;
		buf_addf(&there, "%s`%s`", there.len ? ", " : "", text);
	}
	return error_set(err, ERR_INVALID, "instance `%s` has no probe `%s`; it has %s", name, description, there.len ? there.s : "none");
}

static int
wait_check(struct look *l, const char *name, const struct await *w, struct error *err)
{
	AUTO(instance) i = { 0 };

	instance_look(l, name, &i);
	if (instance_check_known(&i, err) < 0)
		return -1;
	if (!i.has_yaml)
		return error_set(err, ENOENT, "instance `%s` does not exist, run `limactl create %s` to create a new instance", name, name);
	return w->is != AWAIT_PROBE || !i.config ? 0 : wait_check_probe(l->cli, name, i.config, w->probe, err);
}

/* --- one of them, in a process of its own --- */

static void __attribute__((noreturn)) wait_child(struct waiting *w, const char *name, int fd, pid_t parent)
{
	struct error why = { 0 };

	os_process_follow_parent(SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (await_instance(w->cli, name, &w->await, &why) < 0 && write(fd, why.msg, strlen(why.msg)) < 0)
		_exit(2);
	_exit(why.code ? 1 : 0);
}

static int
wait_begin(struct waiting *w, struct waited *o, struct error *err)
{
	pid_t parent = getpid();
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	fflush(stdout);
	o->pid = fork();
	if (o->pid == 0)
		wait_child(w, o->name, fd[1], parent);
	close(fd[1]);
	o->fd = fd[0];
	return o->pid < 0 ? error_errno(err, "fork") : 0;
}

/* --- what is told --- */

static void
wait_print(const struct waiting *w, const struct waited *o, const char *state)
{
	double seconds = (double)(clock_ms() - w->cli->began_ms) / 1e3;
	AUTO(buf) b = BUF_INIT;

	if (!cli_bool(w->cli, "json"))
		return;
	buf_adds(&b, "{\"instance\":");
	quote_json(&b, o->name, true);
	buf_adds(&b, ",\"for\":");
	quote_json(&b, w->what, true);
	buf_addf(&b, ",\"state\":\"%s\",\"seconds\":%.3f", state, seconds);
	if (o->why.len) {
		buf_adds(&b, ",\"error\":");
		quote_json(&b, o->why.s, true);
	}
	buf_adds(&b, "}");
	cli_print_line(b.s);
	fflush(stdout);
}

static void
wait_over(struct waiting *w, struct waited *o)
{
	int status = 0;

	while (waitpid(o->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(o->fd);
	o->fd = -1;
	o->pid = 0;
	w->left--;
	if (!o->why.len && (!WIFEXITED(status) || WEXITSTATUS(status)))
		buf_adds(&o->why, "the process that waited for it has ended");
	if (!o->why.len) {
		cli_say(&w->cli->env, SAY_INFO, w->await.is == AWAIT_PROBE ? "`%s`: %s is met" : "`%s` is %s", o->name, w->what);
		wait_print(w, o, "met");
		return;
	}
	w->failed = true;
	cli_say(&w->cli->env, SAY_ERROR, "`%s` will not be %s: %s", o->name, w->what, o->why.s);
	wait_print(w, o, "failed");
}

static void
wait_read(struct waiting *w, struct waited *o)
{
	char room[1024];
	ssize_t n = read(o->fd, room, sizeof room);

	if (n > 0)
		buf_add(&o->why, room, (size_t)n);
	else if (n == 0 || errno != EINTR)
		wait_over(w, o);
}

/* Those that are still waited for. */
enum { MAX_TOLD = 20 };

static int
wait_broken_off(struct waiting *w, const char *why, struct error *err)
{
	AUTO(buf) who = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].fd < 0)
			continue;
		if (some_next(&who, n++, MAX_TOLD))
			buf_addf(&who, "`%s`", w->v[i].name);
		wait_print(w, &w->v[i], "waiting");
	}
	some_end(&who, n, MAX_TOLD);
	return n ? error_set(err, ERR_CHILD, "%s: not %s yet: %s", why, w->what, who.s) : error_set(err, ERR_CHILD, "%s", why);
}

/* The exit status, or -1. */
static int
wait_for_all(struct waiting *w, long long deadline, struct error *err)
{
	auto_free struct pollfd *p = xcalloc(w->n + 1, sizeof *p);

	while (w->left && !w->failed) {
		long long left = deadline ? deadline - clock_ms() : INT_MAX;

		for (size_t i = 0; i < w->n; i++)
			p[i] = (struct pollfd){ .fd = w->v[i].fd, .events = POLLIN };
		if (left <= 0) {
			struct error why;

			wait_broken_off(w, "time is up", &why);
			cli_say(&w->cli->env, SAY_ERROR, "%s", why.msg);
			return STATUS_OUT_OF_TIME;
		}
		if (poll(p, (nfds_t)w->n, deadline ? (int)(left > INT_MAX ? INT_MAX : left) : -1) < 0 && errno != EINTR)
			return error_errno(err, "poll");
		for (size_t i = 0; i < w->n; i++)
			if (w->v[i].fd >= 0 && p[i].revents)
				wait_read(w, &w->v[i]);
	}
	return w->failed ? wait_broken_off(w, "what was waited for will not be", err) : 0;
}

static int
wait_go(struct waiting *w, const char *const *names, size_t n, struct error *err)
{
	long long ms = cli_int(w->cli, "timeout") / (NS_PER_S / 1000);
	struct look l;
	int r = 0;

	w->v = xcalloc(n, sizeof *w->v);
	for (w->n = 0; w->n < n; w->n++)
		w->v[w->n] = (struct waited){ .name = names[w->n], .fd = -1, .why = BUF_INIT };
	look_begin(&l, w->cli);
	for (size_t i = 0; i < n && r == 0; i++)
		r = wait_check(&l, names[i], &w->await, err);
	look_release(&l);
	for (size_t i = 0; i < n && r == 0; i++, w->left += r == 0)
		r = wait_begin(w, &w->v[i], err);
	return r < 0 ? -1 : wait_for_all(w, ms ? w->cli->began_ms + ms : 0, err);
}

static int
wait_run(struct cli *c, struct error *err)
{
	AUTO(waiting) w = { .cli = c, .what = cli_str(c, "for") };
	const char *const *names;
	size_t n;

	if (await_parse(w.what, &w.await, err) < 0 || many_names(c, (const char *const *)c->args, (size_t)c->nargs, &names, &n, err) < 0)
		return -1;
	return wait_go(&w, names, n, err);
}

const struct command command_wait = {
	.name = "wait",
	.group = GROUP_BASIC,
	.args = "INSTANCE|fleet/NAME...",
	.about = "Wait until instances are ready, stopped, or have a probe met",
	.details = "Changes nothing: whoever starts them does that elsewhere, in another job of a pipeline, say. Waits for all that are\n"
		   "named; an instance that is stopped may yet be started, but must exist. Nothing is polled.\n"
		   "\n"
		   "The exit status is 0 when it is so of all; 124 when time is up, and the last line names those that were missing; 1 as soon as\n"
		   "it will not be so of one: its guest is degraded, its machine went down while it booted, it was deleted.\n"
		   "With --json there is a line for each on stdout: instance, for, state (met, failed or waiting), seconds and error.",
	.example = "limactl wait fleet/bench\n"
		   "limactl wait --for 'probe=the database answers' --timeout 2m db\n"
		   "limactl wait --for stopped web db",
	.complete = "@instance",
	.flags = flags,
	.min_args = 1,
	.max_args = -1,
	.quick = true,
	.run = wait_run,
};
