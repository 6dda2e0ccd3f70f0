#include "cli/ssh/many.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
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
};

struct many {
	struct many_one *v;
	size_t n, begun;
	int width; /* of the longest name */
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
	fflush(to);
}

/* Prints what is whole; `end`: the rest, too. */
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
static void __attribute__((noreturn)) many_child(const struct many_guest *g, const int out[2], pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(NOT_FOUND);
	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out[0], STDOUT_FILENO) < 0 ||
	    dup2(out[1], STDERR_FILENO) < 0)
		_exit(NOT_FOUND);
	execvp(g->argv.v[0], (char *const *)g->argv.v);
	_exit(NOT_FOUND);
}

static int
many_start(struct many_one *o, struct error *err)
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
		many_child(o->guest, out, parent);
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
	o->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

/* Until one of those that run has come to its end. */
static size_t
many_attend(struct many *m)
{
	struct pollfd p[2 * AT_ONCE] = {0};
	struct {
		struct many_one *o;
		int stream;
	} of[2 * AT_ONCE];
	nfds_t n = 0;
	size_t ended = 0;

	for (size_t i = 0; i < m->begun; i++)
		for (int k = 0; k < 2 && m->v[i].pid; k++)
			if (m->v[i].fd[k] >= 0) {
				p[n] = (struct pollfd){.fd = m->v[i].fd[k], .events = POLLIN};
				of[n].o = &m->v[i];
				of[n++].stream = k;
			}
	if (n && poll(p, n, -1) < 0)
		return 0;
	for (nfds_t i = 0; i < n; i++)
		if (p[i].revents)
			many_read(m, of[i].o, of[i].stream);
	for (size_t i = 0; i < m->begun; i++)
		ended += m->v[i].pid && many_reap(&m->v[i]);
	return ended;
}

static int
many_outcome(const struct cli *c, const struct many *m)
{
	size_t failed = 0;
	int highest = 0;
	AUTO(buf) who = BUF_INIT;

	for (size_t i = 0; i < m->n; i++) {
		const struct many_one *o = &m->v[i];

		if (!o->status)
			continue;
		buf_addf(&who, "%s`%s` (exit status %d)", failed++ ? ", " : "", o->guest->name, o->status);
		highest = o->status > highest ? o->status : highest;
	}
	if (failed)
		cli_say(&c->env, SAY_ERROR, "The command failed in %zu of %zu instances: %s", failed, m->n, who.s);
	return highest;
}

int
many_run(const struct cli *c, const struct many_guest *v, size_t n, struct error *err)
{
	AUTO(many) m = {.v = xcalloc(n, sizeof *m.v), .n = n};
	size_t running = 0;
	bool failed = false;

	for (size_t i = 0; i < n; i++) {
		auto_free char *program = proc_find(v[i].argv.v[0]);

		if (!program)
			failed |= program_missing(v[i].argv.v[0], err) < 0;
		m.v[i] = (struct many_one){.guest = &v[i], .fd = {-1, -1}, .rest = {BUF_INIT, BUF_INIT}};
		m.width = (int)strlen(v[i].name) > m.width ? (int)strlen(v[i].name) : m.width;
	}
	while (running || (m.begun < n && !failed)) {
		while (m.begun < n && running < AT_ONCE && !failed) {
			failed = many_start(&m.v[m.begun], err) < 0;
			running += !failed;
			m.begun += !failed;
		}
		running -= many_attend(&m);
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
many_names(struct cli *c, const char *word, const char *const **out, size_t *n, struct error *err)
{
	AUTO(many_list) l = {0};
	AUTO(names) all = {0};
	auto_free char *copy = xstrdup(word);
	char *rest = copy;

	if (names_list(&all, c->env.home, err) < 0)
		return -1;
	for (char *part; (part = strsep(&rest, ","));)
		if (*part && many_add_word(c, &l, &all, part, err) < 0)
			return -1;
	if (!l.n)
		return error_set(err, ERR_INVALID, "%s names no instance", cli_tick(c, word));
	*n = l.n;
	*out = memcpy(arena_alloc(&c->arena, l.n * sizeof *l.v), l.v, l.n * sizeof *l.v);
	return 0;
}
