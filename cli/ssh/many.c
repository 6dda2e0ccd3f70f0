#include "cli/ssh/many.h"

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
#include "base/mem.h"
#include "base/os/process.h"
#include "base/proc.h"
#include "base/programs.h"
#include "cli/ssh/many_out.h"

enum { AT_ONCE = 32, CHUNK = 16 << 10, MAX_LINE = 1 << 20, NOT_FOUND = 127 };

/* A guest's command while it runs: what it said that is no whole line yet. */
struct many_one {
	const struct many_guest *guest;
	pid_t pid;
	int fd[2]; /* its stdout and stderr; -1: at the end */
	int end;   /* a pidfd: tells of its end */
	struct buf rest[2];
	size_t ahead[2]; /* read of it while our own reader was behind */
	int status;
	bool ended, late, called_off;
};

struct many {
	struct many_one *v;
	size_t n, begun, running;
	int width; /* of the longest name */
	const struct many_opts *opts;
	struct many_out out[2];
	long long deadline; /* 0: none */
	long long kill_at;  /* when those that were told to end are ended; 0: nobody was told */
	bool stop;	    /* begin no more */
	bool killed;
	bool lost; /* time was up before all was read that they said */
};

static void
many_release(struct many *m)
{
	for (size_t i = 0; i < m->n; i++) {
		for (int k = 0; k < 2; k++) {
			if (m->v[i].fd[k] >= 0)
				close(m->v[i].fd[k]);
			buf_release(&m->v[i].rest[k]);
		}
		if (m->v[i].end >= 0)
			close(m->v[i].end);
	}
	for (int k = 0; k < 2; k++)
		many_out_release(&m->out[k]);
	free(m->v);
}

static void
many_print(struct many *m, const struct many_one *o, int stream, const char *line, size_t len)
{
	AUTO(buf) b = BUF_INIT;

	buf_addf(&b, "%-*s | ", m->width, o->guest->name);
	buf_add(&b, line, len);
	buf_addc(&b, '\n');
	many_out_line(&m->out[stream], b.s, b.len);
}

/* Prints what is whole; `end`: the rest, too. What was read at once is written at once: a flood is of short lines. */
static void
many_lines(struct many *m, struct many_one *o, int stream, bool end)
{
	struct buf *b = &o->rest[stream];
	char *from = b->s, *stop = b->s + b->len, *nl;

	while ((nl = memchr(from, '\n', (size_t)(stop - from)))) {
		size_t len = (size_t)(nl - from);

		many_print(m, o, stream, from, len && from[len - 1] == '\r' ? len - 1 : len);
		from = nl + 1;
	}
	if (from < stop && (end || stop - from > MAX_LINE)) {
		many_print(m, o, stream, from, (size_t)(stop - from));
		from = stop;
	}
	many_out_write(&m->out[stream]);
	if (b->len)
		memmove(b->s, from, (size_t)(stop - from));
	buf_truncate(b, (size_t)(stop - from));
}

static void
many_read(struct many *m, struct many_one *o, int stream)
{
	struct buf *b = &o->rest[stream];
	ssize_t n;

	buf_reserve(b, CHUNK);
	n = read(o->fd[stream], b->s + b->len, CHUNK);
	if (n < 0 && errno == EINTR)
		return;
	if (n > 0) {
		o->ahead[stream] = many_out_is_full(&m->out[stream]) ? o->ahead[stream] + (size_t)n : 0;
		b->len += (size_t)n;
		b->s[b->len] = '\0';
		many_lines(m, o, stream, false);
		return;
	}
	many_lines(m, o, stream, true);
	close(o->fd[stream]);
	o->fd[stream] = -1;
}

/* It does not outlive us: a terminal's Ctrl-C reaches it by itself, another signal to us alone does not. */
static void __attribute__((noreturn)) many_child(const struct many_guest *g, int input, const int out[2], pid_t parent)
{
	char path[64] = "/dev/null";
	int in;

	/* opened anew, it is at its beginning, and only ours */
	if (input)
		snprintf(path, sizeof path, "/proc/self/fd/%d", input);
	in = open(path, O_RDONLY);

	os_process_follow_parent(SIGTERM);
	if (getppid() != parent)
		_exit(NOT_FOUND);
	signal(SIGPIPE, SIG_DFL);
	if (in < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out[0], STDOUT_FILENO) < 0 ||
	    dup2(out[1], STDERR_FILENO) < 0)
		_exit(NOT_FOUND);
	execvp(g->argv.v[0], (char *const *)g->argv.v);
	_exit(NOT_FOUND);
}

static int
many_start(struct many_one *o, int input, struct error *err)
{
	int pipes[2][2] = {{-1, -1}, {-1, -1}}, out[2];
	pid_t parent = getpid();

	for (int k = 0; k < 2; k++)
		if (pipe2(pipes[k], O_CLOEXEC) < 0) {
			error_errno(err, "pipe");
			for (int j = 0; j < k; j++)
				close(pipes[j][0]), close(pipes[j][1]);
			return -1;
		}
	out[0] = pipes[0][1];
	out[1] = pipes[1][1];
	o->pid = fork();
	if (o->pid == 0)
		many_child(o->guest, input, out, parent);
	for (int k = 0; k < 2; k++) {
		close(out[k]);
		o->fd[k] = pipes[k][0];
	}
	if (o->pid < 0)
		return error_errno(err, "fork");
	o->end = os_process_end(o->pid);
	return 0;
}

/* Its streams may come to their ends long before it does. */
static bool
many_reap(struct many_one *o)
{
	int status = 0;

	if (o->fd[0] >= 0 || o->fd[1] >= 0 || waitpid(o->pid, &status, o->end < 0 ? 0 : WNOHANG) != o->pid)
		return false;
	o->pid = 0;
	o->ended = true;
	o->status = o->late ? STATUS_OUT_OF_TIME : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

/* Tells those that run to end; what holds on to their streams after that is not waited for. */
static void
many_end(struct many *m, bool late)
{
	enum { LAST_WORDS_MS = 2000 };

	m->stop = true;
	if (m->kill_at)
		return;
	m->kill_at = clock_ms() + LAST_WORDS_MS;
	for (size_t i = 0; i < m->n; i++) {
		struct many_one *o = &m->v[i];

		if (o->ended)
			continue;
		o->late = late;
		o->called_off = !late;
		if (o->pid)
			kill(o->pid, SIGTERM);
		else if (late)
			o->status = STATUS_OUT_OF_TIME;
	}
}

static void
many_kill(struct many *m)
{
	m->killed = true;
	for (size_t i = 0; i < m->begun; i++)
		for (int k = 0; k < 2 && m->v[i].pid; k++) {
			kill(m->v[i].pid, SIGKILL);
			if (m->v[i].fd[k] < 0)
				continue;
			many_lines(m, &m->v[i], k, true);
			close(m->v[i].fd[k]);
			m->v[i].fd[k] = -1;
		}
}

/* What nobody has read by now, nobody may ever read. */
static void
many_drop(struct many *m)
{
	for (int k = 0; k < 2; k++) {
		m->lost |= m->out[k].rest.len > 0;
		buf_truncate(&m->out[k].rest, 0);
	}
}

/* How long nothing needs to be done but to read and write; -1: for ever. */
static int
many_patience(const struct many *m)
{
	long long now = clock_ms(), until = m->kill_at && !m->killed ? m->kill_at : m->deadline, left = until - now;

	if (!until || (m->killed && left <= 0))
		return -1;
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static void
many_look_at_clock(struct many *m)
{
	long long now = clock_ms();
	bool late = m->deadline && now >= m->deadline;

	if (late && !m->kill_at)
		many_end(m, true);
	if (!m->killed && m->kill_at && now >= m->kill_at)
		many_kill(m);
	if (late && m->killed)
		many_drop(m);
}

/* A part of them has come to its end. */
static void
many_reap_all(struct many *m)
{
	for (size_t i = 0; i < m->begun; i++) {
		struct many_one *o = &m->v[i];

		if (!o->pid || !many_reap(o))
			continue;
		m->running--;
		if (o->status && !o->called_off && m->opts->fail_fast)
			many_end(m, false);
	}
}

/* Something that may be ready: a stream of one of them, his end, or our own reader. */
struct many_event {
	struct many_one *o;
	int stream; /* -1: his end */
};

/* Where our reader is behind, who says little may still come to his end: another one has filled that pipe. */
static nfds_t
many_listen_to(const struct many *m, struct many_one *o, struct pollfd *p, struct many_event *of)
{
	nfds_t n = 0;

	for (int k = 0; k < 2; k++)
		if (o->fd[k] >= 0 && (o->ahead[k] < CHUNK || !many_out_is_full(&m->out[k]))) {
			p[n] = (struct pollfd){.fd = o->fd[k], .events = POLLIN};
			of[n++] = (struct many_event){o, k};
		}
	if (o->fd[0] < 0 && o->fd[1] < 0) {
		p[n] = (struct pollfd){.fd = o->end, .events = POLLIN};
		of[n++] = (struct many_event){o, -1};
	}
	return n;
}

/* What those that run say, and who reads it, until something has come to its end, or time is up. */
static void
many_attend(struct many *m)
{
	auto_free struct pollfd *p = xcalloc(2 * m->running + 2, sizeof *p);
	auto_free struct many_event *of = xcalloc(2 * m->running + 2, sizeof *of);
	nfds_t n = 0, nguests;

	for (size_t i = 0; i < m->begun; i++)
		if (m->v[i].pid)
			n += many_listen_to(m, &m->v[i], p + n, of + n);
	nguests = n;
	for (int k = 0; k < 2; k++)
		if (m->out[k].rest.len)
			p[n++] = (struct pollfd){.fd = m->out[k].fd, .events = POLLOUT};
	if (n && poll(p, n, many_patience(m)) < 0)
		return;
	for (nfds_t i = 0; i < nguests; i++)
		if (p[i].revents && of[i].stream >= 0)
			many_read(m, of[i].o, of[i].stream);
	for (int k = 0; k < 2; k++)
		many_out_write(&m->out[k]);
	many_look_at_clock(m);
	many_reap_all(m);
}

static int
many_outcome(const struct cli *c, const struct many *m)
{
	struct pollfd reader = {.fd = STDERR_FILENO, .events = POLLOUT};
	size_t failed = 0, called_off = 0;
	int highest = 0;
	AUTO(buf) who = BUF_INIT;

	for (size_t i = 0; i < m->n; i++) {
		const struct many_one *o = &m->v[i];

		called_off += o->called_off;
		if (!o->status || o->called_off)
			continue;
		buf_addf(&who, "%s`%s` (", failed++ ? ", " : "", o->guest->name);
		if (o->late)
			buf_adds(&who, i < m->begun ? "no end in time)" : "not begun in time)");
		else
			buf_addf(&who, "exit status %d)", o->status);
		highest = o->status > highest ? o->status : highest;
	}
	if (called_off)
		buf_addf(&who, "; called off in %zu", called_off);
	if (m->lost && highest < STATUS_OUT_OF_TIME)
		highest = STATUS_OUT_OF_TIME;
	if (m->lost && poll(&reader, 1, 0) < 1)
		return highest; /* nor would anybody read that */
	if (m->lost)
		cli_say(&c->env, SAY_ERROR, "Time was up before all was read that the command said; the rest is lost");
	if (failed)
		cli_say(&c->env, SAY_ERROR, "The command failed in %zu of %zu instances: %s", failed, m->n, who.s);
	return highest;
}

/* Is the program there for each? */
static int
many_prepare(struct many *m, const struct many_guest *v, struct error *err)
{
	bool failed = false;

	for (size_t i = 0; i < m->n; i++) {
		auto_free char *program = proc_find(v[i].argv.v[0]);

		if (!program)
			failed |= program_missing(v[i].argv.v[0], err) < 0;
		m->v[i] = (struct many_one){.guest = &v[i], .fd = {-1, -1}, .end = -1, .rest = {BUF_INIT, BUF_INIT}};
		m->width = (int)strlen(v[i].name) > m->width ? (int)strlen(v[i].name) : m->width;
	}
	return failed ? -1 : 0;
}

int
many_run(const struct cli *c, const struct many_guest *v, size_t n, const struct many_opts *opts, struct error *err)
{
	AUTO(many) m = {.v = xcalloc(n, sizeof *m.v), .n = n, .opts = opts};
	size_t jobs = opts->jobs ? opts->jobs : AT_ONCE;
	bool failed = many_prepare(&m, v, err) < 0;

	many_out_open(&m.out[0], stdout);
	many_out_open(&m.out[1], stderr);
	m.deadline = opts->timeout_ms ? clock_ms() + opts->timeout_ms : 0;
	while (m.running || m.out[0].rest.len || m.out[1].rest.len || (m.begun < n && !failed && !m.stop)) {
		while (m.begun < n && m.running < jobs && !failed && !m.stop) {
			failed = many_start(&m.v[m.begun], opts->input, err) < 0;
			m.running += !failed;
			m.begun += !failed;
		}
		many_attend(&m);
	}
	return failed ? -1 : many_outcome(c, &m);
}
