/* guest/agent/exec_run.c - the process beside a command: its bytes, its signals, its end. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "guest/agent/exec.h"
#include "guest/agent/exec_login.h"
#include "guest/agent/log.h"
#include "guest/wire/exec_frame.h"

enum {
	TO_HOST_HIGH = 128 << 10,	/* of what the command said and the host has not taken; then the command waits */
	BY_SIGNAL = 255,		/* ssh's word for it */
	SIGNALS = 64,
};

struct exec_run {
	int host, news;		/* news: of children, by signalfd(2) */
	int in, out[2];		/* our ends of the command's; out[1] is stderr */
	pid_t pid;		/* 0: nothing runs yet */
	bool reaped, gone;	/* gone: nobody listens any more */
	bool input_over;
	int status;
	struct buf from, to;	/* frames of the host's that are not read yet, and ours that it has not taken */
	struct buf input;	/* that the command has not taken */
};

static void
run_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* --- the command --- */

static void
run_note(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	/* Where there is none of it, nothing is to be noted. */
	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		errno = 0;
}

/* What a login has and a service has not: a session of its own, the user's number in the audit log, no protection from the OOM killer. */
static bool
run_become(const struct exec_login *l, rlim_t files)
{
	char uid[16];
	struct rlimit r;

	setsid();
	snprintf(uid, sizeof uid, "%u", (unsigned)l->uid);
	run_note("/proc/self/loginuid", uid);
	run_note("/proc/self/oom_score_adj", "0");
	if (files && getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = files < r.rlim_max ? files : r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	umask(022);
	/* In a test we are that user already. */
	if (geteuid() == 0 ? setgroups(l->ngroups, l->groups) < 0 || setgid(l->gid) < 0 || setuid(l->uid) < 0 : geteuid() != l->uid)
		return false;
	return chdir(l->home) == 0 || chdir("/") == 0;
}

static void
run_signals_as_usual(void)
{
	sigset_t none;

	for (int i = 1; i < SIGNALS; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child. */
static void
exec_become(const struct exec_login *l, const char *line, const int fds[3], rlim_t files)
{
	const char *slash = strrchr(l->shell, '/'), *argv[] = { slash ? slash + 1 : l->shell, "-c", line, NULL };
	size_t n = 0;
	char **env;

	for (size_t at = 0; at < l->env.len; at += strlen(l->env.s + at) + 1)
		n++;
	env = xcalloc(n + 1, sizeof *env);
	n = 0;
	for (size_t at = 0; at < l->env.len; at += strlen(l->env.s + at) + 1)
		env[n++] = l->env.s + at;
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			_exit(1);
	run_signals_as_usual();
	if (run_become(l, files))
		execve(l->shell, (char *const *)argv, env);
	perror(l->shell);
	_exit(1);
}

static int
run_start(struct exec_run *r, const struct exec_login *l, const char *line, rlim_t files, struct error *err)
{
	int p[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };

	for (int i = 0; i < 3; i++)
		if (pipe2(p[i], O_CLOEXEC) < 0)
			return error_errno(err, "pipe");
	r->pid = fork();
	if (r->pid == 0)
		exec_become(l, line, (int[]){ p[0][0], p[1][1], p[2][1] }, files);
	close(p[0][0]);
	close(p[1][1]);
	close(p[2][1]);
	r->in = p[0][1];
	r->out[0] = p[1][0];
	r->out[1] = p[2][0];
	fcntl(r->in, F_SETFL, O_NONBLOCK);
	return r->pid < 0 ? error_errno(err, "fork") : 0;
}

static void
run_refuse(struct exec_run *r, const char *why)
{
	r->pid = 0;
	exec_frame_put(&r->to, EXEC_NOT, why, strlen(why));
	r->gone = true;	/* once that is said */
}

static void
run_begin(struct exec_run *r, const struct exec_frame *f, const char *root, rlim_t files)
{
	AUTO(exec_login) l = { .env = BUF_INIT };
	struct exec_command c;
	struct error err;

	if (!exec_command_get(f, &c)) {
		run_refuse(r, "no command");
		return;
	}
	if (exec_login_look(root, c.user, &l, &err) < 0) {
		run_refuse(r, err.msg);
		return;
	}
	exec_login_env(root, &c, &l);
	if (run_start(r, &l, c.line, files, &err) < 0) {
		run_refuse(r, err.msg);
		return;
	}
	/* What it is may hold a secret; that somebody was here is no one's. */
	log_info("the host runs a command as %s, process %d", c.user, (int)r->pid);
	exec_frame_put(&r->to, EXEC_RUNS, NULL, 0);
}

/* --- the host --- */

static void
exec_take(struct exec_run *r, const struct exec_frame *f, const char *root, rlim_t files)
{
	switch (f->type) {
	case EXEC_COMMAND:
		if (!r->pid)
			run_begin(r, f, root, files);
		break;
	case EXEC_INPUT:
		if (r->in >= 0 && !r->input_over)
			buf_add(&r->input, f->p, f->len);
		break;
	case EXEC_INPUT_END:
		r->input_over = true;
		break;
	case EXEC_SIGNAL:
		if (r->pid > 0 && !r->reaped && f->len == 1 && f->p[0] && f->p[0] < SIGNALS)
			kill(-r->pid, f->p[0]);
		break;
	default:
		r->gone = true;
	}
}

static void
run_hear(struct exec_run *r, const char *root, rlim_t files)
{
	struct exec_frame f;
	size_t at = 0;
	long len = 0;
	ssize_t n;

	buf_reserve(&r->from, EXEC_CHUNK + 1);
	n = read(r->host, r->from.s + r->from.len, EXEC_CHUNK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		r->gone = true;
		return;
	}
	r->from.len += (size_t)n;
	while (!r->gone && (len = exec_frame_get(r->from.s + at, r->from.len - at, &f)) > 0) {
		exec_take(r, &f, root, files);
		at += (size_t)len;
	}
	r->gone |= len < 0;
	memmove(r->from.s, r->from.s + at, r->from.len - at);
	r->from.len -= at;
}

static void
run_tell(struct exec_run *r)
{
	ssize_t n = r->to.len ? send(r->host, r->to.s, r->to.len, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		r->gone = true;
		buf_truncate(&r->to, 0);
	}
	if (n <= 0)
		return;
	memmove(r->to.s, r->to.s + n, r->to.len - (size_t)n);
	buf_truncate(&r->to, r->to.len - (size_t)n);
}

/* --- both --- */

static void
run_feed(struct exec_run *r)
{
	ssize_t n = r->in >= 0 && r->input.len ? write(r->in, r->input.s, r->input.len) : 0;

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		run_close(&r->in);
	if (n > 0) {
		memmove(r->input.s, r->input.s + n, r->input.len - (size_t)n);
		buf_truncate(&r->input, r->input.len - (size_t)n);
	}
	if (r->in < 0)
		buf_truncate(&r->input, 0);
	else if (r->input_over && !r->input.len)
		run_close(&r->in);
}

static void
run_read(struct exec_run *r, int which)
{
	uint8_t chunk[EXEC_CHUNK];
	ssize_t n = read(r->out[which], chunk, sizeof chunk);

	if (n > 0)
		exec_frame_put(&r->to, which ? EXEC_ERRORS : EXEC_OUTPUT, chunk, (size_t)n);
	else if (n == 0 || errno != EINTR)
		run_close(&r->out[which]);
}

static void
run_reap(struct exec_run *r)
{
	struct signalfd_siginfo si;
	int status;

	if (read(r->news, &si, sizeof si) < 0 && errno != EAGAIN)
		r->gone = true;
	if (r->pid <= 0 || r->reaped || waitpid(r->pid, &status, WNOHANG) != r->pid)
		return;
	r->reaped = true;
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : BY_SIGNAL;
}

/* As with sshd: it is over when it has ended and nobody can say anything for it any more. */
static bool
run_is_over(const struct exec_run *r)
{
	return r->reaped && r->out[0] < 0 && r->out[1] < 0;
}

static void
run_step(struct exec_run *r, const char *root, rlim_t files)
{
	bool full = r->to.len > TO_HOST_HIGH;
	struct pollfd p[] = {
		{ r->host, (short)((r->input.len ? 0 : POLLIN) | (r->to.len ? POLLOUT : 0)), 0 },
		{ r->news, POLLIN, 0 },
		{ r->input.len ? r->in : -1, POLLOUT, 0 },
		{ full ? -1 : r->out[0], POLLIN, 0 },
		{ full ? -1 : r->out[1], POLLIN, 0 },
	};

	if (poll(p, ARRAY_LEN(p), -1) < 0)
		return;
	if (p[1].revents)
		run_reap(r);
	if (p[3].revents)
		run_read(r, 0);
	if (p[4].revents)
		run_read(r, 1);
	if (p[0].revents & POLLIN)
		run_hear(r, root, files);
	else if (p[0].revents & (POLLHUP | POLLERR))
		r->gone = true;
	run_feed(r);
	if (!r->gone)
		run_tell(r);
}

/* What is still to be said, to a host that may be slow. */
static void
run_tell_all(struct exec_run *r)
{
	struct pollfd p = { r->host, POLLOUT, 0 };

	r->gone = false;
	while (r->to.len && !r->gone && poll(&p, 1, -1) >= 0)
		run_tell(r);
}

int
exec_run(int host, const char *root, rlim_t files)
{
	struct exec_run r = { .host = host, .in = -1, .out = { -1, -1 }, .from = BUF_INIT, .to = BUF_INIT, .input = BUF_INIT };
	uint8_t status;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	r.news = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r.news < 0 || fcntl(host, F_SETFD, FD_CLOEXEC) < 0)
		return 1;
	while (!r.gone && !run_is_over(&r))
		run_step(&r, root, files);
	if (run_is_over(&r)) {
		status = (uint8_t)r.status;
		exec_frame_put(&r.to, EXEC_ENDED, &status, 1);
	} else if (r.pid > 0 && !r.reaped) {
		/* Nobody waits for it any more, as with a terminal that was closed. */
		kill(-r.pid, SIGHUP);
	}
	run_tell_all(&r);
	buf_release(&r.from);
	buf_release(&r.to);
	buf_release(&r.input);
	return 0;
}
