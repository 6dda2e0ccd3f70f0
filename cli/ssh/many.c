#include "cli/args/files.h"
#include "cli/ssh/many.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/programs.h"
#include "state/desired/template/template.h"

enum { AT_ONCE = 32, CHUNK = 16 << 10, MAX_LINE = 1 << 20, NOT_FOUND = 127 };

/* A guest's command while it runs: what it said that is no whole line yet. */
struct many_one {
	const struct many_guest *guest;
	pid_t pid;
	int fd[2]; /* its stdout and stderr; -1: at the end */
	struct buf rest[2];
	int status;
	bool ended, late, called_off;
};

struct many {
	struct many_one *v;
	size_t n, begun, running;
	int width; /* of the longest name */
	const struct many_opts *opts;
	long long deadline; /* 0: none */
	long long kill_at;  /* when those that were told to end are ended; 0: nobody was told */
	bool stop;	    /* begin no more */
};

static void
many_release(struct many *m)
{
	for (size_t i = 0; i < m->n; i++)
		for (int k = 0; k < 2; k++) {
			if (m->v[i].fd[k] >= 0)
				close(m->v[i].fd[k]);
			buf_release(&m->v[i].rest[k]);
		}
	free(m->v);
}

static void
many_print(const struct many *m, const struct many_one *o, int stream, const char *line, size_t len)
{
	FILE *to = stream ? stderr : stdout;
	AUTO(buf) b = BUF_INIT;

	buf_addf(&b, "%-*s | ", m->width, o->guest->name);
	buf_add(&b, line, len);
	buf_addc(&b, '\n');
	cli_print(to, b.s, b.len);
}

/* Prints what is whole; `end`: the rest, too. What was read at once is written at once: a flood is of short lines. */
static void
many_lines(const struct many *m, struct many_one *o, int stream, bool end)
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
	fflush(stream ? stderr : stdout);
	if (b->len)
		memmove(b->s, from, (size_t)(stop - from));
	buf_truncate(b, (size_t)(stop - from));
}

static void
many_read(const struct many *m, struct many_one *o, int stream)
{
	struct buf *b = &o->rest[stream];
	ssize_t n;

	buf_reserve(b, CHUNK);
	n = read(o->fd[stream], b->s + b->len, CHUNK);
	if (n < 0 && errno == EINTR)
		return;
	if (n > 0) {
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

	prctl(PR_SET_PDEATHSIG, SIGTERM);
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
	return o->pid < 0 ? error_errno(err, "fork") : 0;
}

static bool
many_reap(struct many_one *o)
{
	int status = 0;

	if (o->fd[0] >= 0 || o->fd[1] >= 0)
		return false;
	while (waitpid(o->pid, &status, 0) < 0 && errno == EINTR)
		;
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

/* How long nothing needs to be done but to read; -1: for ever. */
static int
many_patience(const struct many *m)
{
	long long until = m->kill_at ? m->kill_at : m->deadline, left = until - clock_ms();

	return !until ? -1 : left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static void
many_look_at_clock(struct many *m)
{
	if (m->kill_at && clock_ms() >= m->kill_at)
		many_kill(m);
	else if (!m->kill_at && m->deadline && clock_ms() >= m->deadline)
		many_end(m, true);
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

/* What those that run say, until one of them says no more, or time is up. */
static void
many_attend(struct many *m)
{
	auto_free struct pollfd *p = xcalloc(2 * m->running + 1, sizeof *p);
	auto_free struct stream {
		struct many_one *o;
		int stream;
	} *of = xcalloc(2 * m->running + 1, sizeof *of);
	nfds_t n = 0;

	for (size_t i = 0; i < m->begun; i++)
		for (int k = 0; k < 2 && m->v[i].pid; k++)
			if (m->v[i].fd[k] >= 0) {
				p[n] = (struct pollfd){.fd = m->v[i].fd[k], .events = POLLIN};
				of[n].o = &m->v[i];
				of[n++].stream = k;
			}
	if (n && poll(p, n, many_patience(m)) < 0)
		return;
	for (nfds_t i = 0; i < n; i++)
		if (p[i].revents)
			many_read(m, of[i].o, of[i].stream);
	many_look_at_clock(m);
	many_reap_all(m);
}

static int
many_outcome(const struct cli *c, const struct many *m)
{
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
		m->v[i] = (struct many_one){.guest = &v[i], .fd = {-1, -1}, .rest = {BUF_INIT, BUF_INIT}};
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

	m.deadline = opts->timeout_ms ? clock_ms() + opts->timeout_ms : 0;
	while (m.running || (m.begun < n && !failed && !m.stop)) {
		while (m.begun < n && m.running < jobs && !failed && !m.stop) {
			failed = many_start(&m.v[m.begun], opts->input, err) < 0;
			m.running += !failed;
			m.begun += !failed;
		}
		many_attend(&m);
	}
	return failed ? -1 : many_outcome(c, &m);
}

/* --- who is meant */

bool
many_is_meant(const char *word)
{
	return strpbrk(word, "*?[,") != NULL;
}

struct many_list {
	const char **v;
	size_t n, cap;
};

static void
many_list_release(struct many_list *l)
{
	free(l->v);
}

static void
many_add(struct cli *c, struct many_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], name))
			return;
	GROW(l->v, l->n, l->cap);
	l->v[l->n++] = arena_strdup(&c->arena, name);
}

static int
many_add_word(struct cli *c, struct many_list *l, const struct names *all, const char *word, struct error *err)
{
	bool found = false;

	if (!strpbrk(word, "*?[")) {
		if (file_to_name(c, &word, err) < 0)
			return -1;
		many_add(c, l, word);
		return name_check(word, err);
	}
	for (size_t i = 0; i < all->n; i++)
		if (fnmatch(word, all->v[i], 0) == 0) {
			many_add(c, l, all->v[i]);
			found = true;
		}
	return found ? 0 : error_set(err, ENOENT, "no instance matches %s", cli_tick(c, word));
}

int
many_names(struct cli *c, const char *const *words, size_t nwords, const char *const **out, size_t *n, struct error *err)
{
	AUTO(many_list) l = {0};
	AUTO(names) all = {0};

	if (names_list(&all, c->env.home, err) < 0)
		return -1;
	for (size_t i = 0; i < nwords; i++) {
		auto_free char *copy = xstrdup(words[i]);
		char *rest = copy;

		for (char *part; (part = strsep(&rest, ","));)
			if (*part && many_add_word(c, &l, &all, part, err) < 0)
				return -1;
	}
	if (!l.n)
		return error_set(err, ERR_INVALID, "%s names no instance", nwords ? cli_tick(c, words[0]) : "nothing");
	*n = l.n;
	*out = memcpy(arena_alloc(&c->arena, l.n * sizeof *l.v), l.v, l.n * sizeof *l.v);
	return 0;
}
