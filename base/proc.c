#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/file.h"
#include "base/os/process.h"
#include "base/proc_spawn.h"

enum {
	OUT_MAX = 64 << 20,	/* of stdout: nothing that we run has so much to say */
	TAIL_MAX = 8192,	/* what is kept of stderr */
	LINE_MAX_SHOWN = 400,	/* of its last line, in an error */
	CANCEL_TICK_MS = 50,	/* a flag cannot be polled for */
	TERM_GRACE_MS = 5000,	/* from SIGTERM to SIGKILL */
};

/*
 * The descriptor, above the three standard ones: a program that was started with
 * one of those closed would otherwise see a pipe land on 0..2 and be overwritten.
 */
static int
above_std(int fd)
{
	int high;

	if (fd < 0 || fd > 2)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return high;
}

static const char *
proc_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* This is our end of a pipe that a child writes. */
struct stream {
	int fd;			/* -1: at its end */
	struct buf *to;
	size_t start;		/* of what is ours in `to` */
	size_t told;		/* as much of `to` was told, line by line */
	bool tail;		/* only the end is of interest */
};

static void
end_stream(struct stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* Takes up to `max` bytes of what is there; -1 when there is more than the caller wants. */
static int
proc_take(struct stream *s, size_t max)
{
	char block[16384];

	while (s->fd >= 0 && max) {
		ssize_t n = read(s->fd, block, sizeof block < max ? sizeof block : max);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0) {
			end_stream(s);
			return 0;
		}
		max -= (size_t)n;
		buf_add(s->to, block, (size_t)n);
		if (s->tail && s->to->len > 2 * TAIL_MAX) {
			memmove(s->to->s, s->to->s + s->to->len - TAIL_MAX, TAIL_MAX);
			buf_truncate(s->to, TAIL_MAX);
		} else if (!s->tail && s->to->len - s->start > OUT_MAX) {
			return -1;
		}
	}
	return 0;
}

struct child {
	pid_t pid;
	int pidfd;
	struct stream out, err;
	const struct proc_opts *o;
	const volatile int *cancel;
	int timeout_ms;		/* 0: none */
	long long deadline;	/* of the timeout, then of the grace after SIGTERM; 0: none */
	int why;		/* we ended it: ETIMEDOUT, ERR_CANCELLED, EFBIG; 0: it ended itself */
};

static void
kill_child(struct child *c, int sig, int why)
{
	/* The whole group is signalled; it exists as long as its leader has not been reaped. */
	kill(-c->pid, sig);
	c->why = why;
	c->deadline = sig == SIGTERM ? clock_ms() + TERM_GRACE_MS : 0;
}

/* The lines that are whole by now; at the end also one that is not. */
static void
proc_tell(struct child *c, bool end)
{
	struct stream *s = &c->out;

	while (c->o->line && s->told < s->to->len) {
		const char *line = s->to->s + s->told, *stop = memchr(line, '\n', s->to->len - s->told);
		size_t len = stop ? (size_t)(stop - line) : s->to->len - s->told;

		if (!stop && !end)
			return;
		s->told += len + (stop != NULL);
		c->o->line(c->o->line_ctx, line, len);
	}
}

/* Reads and watches the clock until the child has ended. */
static void
proc_attend(struct child *c)
{
	for (;;) {
		struct pollfd p[] = { { .fd = c->pidfd, .events = POLLIN },
				      { .fd = c->out.fd, .events = POLLIN },
				      { .fd = c->err.fd, .events = POLLIN } };
		long long left = c->deadline ? c->deadline - clock_ms() : -1;
		int wait = !c->deadline ? -1 : left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;

		if (c->cancel && !c->why && (wait < 0 || wait > CANCEL_TICK_MS))
			wait = CANCEL_TICK_MS;
		if (poll(p, ARRAY_LEN(p), wait) < 0)
			memset(p, 0, sizeof p);		/* EINTR: the flag may be up */
		if ((p[1].revents && proc_take(&c->out, OUT_MAX) < 0) || (p[2].revents && proc_take(&c->err, OUT_MAX) < 0))
			kill_child(c, SIGKILL, EFBIG);
		proc_tell(c, false);
		if (p[0].revents)
			return;
		if (c->deadline && clock_ms() >= c->deadline)
			kill_child(c, SIGKILL, c->why ? c->why : ETIMEDOUT);
		if (c->cancel && *c->cancel && !c->why)
			kill_child(c, SIGTERM, ERR_CANCELLED);
	}
}

/*
 * What the child wrote before its end is in the pipe by now. Nothing beyond: a
 * grandchild that stays (the master of an ssh connection) may hold the other end.
 */
static void
proc_drain(struct stream *s)
{
	proc_take(s, s->fd >= 0 ? os_file_pipe_holds(s->fd) : 0);
	end_stream(s);
}

static int
proc_reap(struct child *c)
{
	int status = 0;

	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(c->pidfd);
	return status;
}

/* The last line that is not empty is made fit for a terminal. */
static char *
last_line(const struct buf *b)
{
	size_t end = b->len, start;
	char *line;

	while (end && (unsigned char)b->s[end - 1] <= ' ')
		end--;
	for (start = end; start && b->s[start - 1] != '\n' && b->s[start - 1] != '\r'; start--)
		;
	if (end - start > LINE_MAX_SHOWN)
		end = start + LINE_MAX_SHOWN;
	line = xstrndup(b->s + start, end - start);
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return line;
}

static int
proc_verdict(const struct child *c, int status, const char *name, struct error *err)
{
	auto_free char *line = last_line(c->err.to);
	const char *sep = *line ? ": " : "";

	if (c->why == ERR_CANCELLED)
		return error_set(err, ERR_CANCELLED, "%s: cancelled", name);
	if (c->why == EFBIG)
		return error_set(err, EFBIG, "%s: more than %d bytes of output", name, OUT_MAX);
	if (c->why == ETIMEDOUT)
		return error_set(err, ETIMEDOUT, "%s: no end after %g s%s%s", name, c->timeout_ms / 1000.0, sep, line);
	if (WIFSIGNALED(status))
		return error_set(err, ERR_CHILD, "%s: ended by signal %d (%s)%s%s", name, WTERMSIG(status),
				 strsignal(WTERMSIG(status)), sep, line);
	if (WEXITSTATUS(status))
		return error_set(err, ERR_CHILD, "%s: exit status %d%s%s", name, WEXITSTATUS(status), sep, line);
	return 0;
}

/* Standard input is a file in memory, which needs no third pipe and raises no SIGPIPE. */
static int
input_file(const char *p, size_t len, struct error *err)
{
	auto_close int fd = above_std(memfd_create("stdin", MFD_CLOEXEC));

	if (fd < 0)
		return error_errno(err, "memfd_create");
	if (fs_write_all(fd, p, len) < 0)
		return error_errno(err, "memfd write");
	lseek(fd, 0, SEEK_SET);
	return steal_fd(fd);
}

static int
make_pipe(int *ours, int *theirs, struct error *err)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	*ours = above_std(p[0]);
	*theirs = above_std(p[1]);
	if (*ours < 0 || *theirs < 0 || fcntl(*ours, F_SETFL, O_NONBLOCK) < 0)
		return error_errno(err, "pipe");
	return 0;
}

static int
proc_start(struct child *c, const char *const argv[], const struct proc_opts *o, struct error *err)
{
	auto_close int in = -1, out = -1, errfd = -1;

	if (o->cancel && *o->cancel)
		return error_set(err, ERR_CANCELLED, "%s: cancelled", proc_base_name(argv[0]));
	if (o->input && (in = input_file(o->input, o->input_len, err)) < 0)
		return -1;
	if (make_pipe(&c->err.fd, &errfd, err) < 0)
		return -1;
	if (o->out && make_pipe(&c->out.fd, &out, err) < 0)
		return -1;
	if (spawn_program(&(struct spawn){ .argv = argv, .env_add = o->env_add, .env = o->env, .in = in, .out = o->out ? out : errfd,
					   .err = o->out && o->both ? out : errfd, .sandbox = o->sandbox }, &c->pid, err) < 0)
		return -1;
	c->pidfd = os_process_end(c->pid);
	if (c->pidfd >= 0)
		return 0;
	error_errno(err, "watch a process");
	kill(-c->pid, SIGKILL);
	proc_reap(c);
	return -1;
}

int
proc_run(const char *const argv[], const struct proc_opts *o, struct error *err)
{
	static const struct proc_opts none;
	AUTO(buf) tail = BUF_INIT;
	struct child c = { .pidfd = -1 };
	int r, status;

	if (!o)
		o = &none;
	c.err = (struct stream){ .fd = -1, .to = &tail, .tail = true };
	c.out = (struct stream){ .fd = -1, .to = o->out, .start = o->out ? o->out->len : 0, .told = o->out ? o->out->len : 0 };
	c.o = o;
	c.cancel = o->cancel;
	c.timeout_ms = o->timeout_ms;
	c.deadline = o->timeout_ms ? clock_ms() + o->timeout_ms : 0;
	r = proc_start(&c, argv, o, err);
	if (r == 0) {
		proc_attend(&c);
		proc_drain(&c.out);
		proc_drain(&c.err);
		proc_tell(&c, true);
		status = proc_reap(&c);
		if (o->status && !c.why && WIFEXITED(status))
			*o->status = WEXITSTATUS(status);
		r = proc_verdict(&c, status, proc_base_name(argv[0]), err);
	}
	end_stream(&c.out);
	end_stream(&c.err);
	if (r < 0 && o->out && !o->keep_out)
		buf_truncate(o->out, c.out.start);
	return r;
}

/* The file is opened for appending, so that both streams may be one file. */
static int
open_log(const char *path, struct error *err)
{
	int flags = path ? O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC : O_WRONLY | O_CLOEXEC;
	int fd = above_std(open(path ? path : "/dev/null", flags, 0600));

	return fd < 0 ? error_errno(err, "open %s", path ? path : "/dev/null") : fd;
}

pid_t
proc_daemon(const char *const argv[], const struct proc_daemon *d, struct error *err)
{
	auto_close int out = -1, errfd = -1;
	pid_t pid;

	out = open_log(d->stdout_path, err);
	if (out < 0)
		return -1;
	errfd = open_log(d->stderr_path, err);
	if (errfd < 0)
		return -1;
	if (spawn_program(&(struct spawn){ .argv = argv, .env_add = d->env_add, .in = -1, .out = out, .err = errfd, .session = true },
			  &pid, err) < 0)
		return -1;
	return pid;
}
