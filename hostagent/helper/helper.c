#include "hostagent/helper/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/process.h"
#include "hostagent/agent.h"
#include "hostagent/helper/child.h"
#include "hostagent/machine/runtime.h"
#include "hostagent/mount/server_words.h"
#include "hostagent/protocol/sshfs.h"
#include "providers/served.h"
#include "providers/written.h"

enum what { START_MACHINE, START_COMPANION, END_COMPANION, START_SERVER, REMOVE_SOCKET, SIGNAL, REAP };

struct request {
	enum what what;
	size_t index; /* of a companion */
	pid_t pid;
	int sig;
	uint8_t writable, follow, openssh;	/* as bool they could hold more than 0 and 1: they are a stranger's */
	char location[PATH_MAX];
};

struct answer {
	int r; /* a pid, or as the function says */
	int status;
	struct error error; /* with r < 0 */
};

/* The helper's own. */
struct helper {
	struct agent *agent; /* as it was when we were forked */
	int socket;
	pid_t *children; /* started and not yet reaped */
	size_t n, cap;
};

union control {
	struct cmsghdr h;
	char space[CMSG_SPACE(2 * sizeof(int))];
};

/* One message, and two descriptors with it; NULL: none. */
static int
message_send(int socket, const void *p, size_t len, const int *fds)
{
	union control control = { .h = { .cmsg_len = CMSG_LEN(2 * sizeof *fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec io = { (void *)(uintptr_t)p, len };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };

	if (fds) {
		m.msg_control = &control;
		m.msg_controllen = sizeof control;
		memcpy(CMSG_DATA(&control.h), fds, 2 * sizeof *fds);
	}
	return sendmsg(socket, &m, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

/* Descriptors that do not come are -1. */
static int
message_receive(int socket, void *p, size_t len, int fds[2])
{
	union control control = { 0 };
	struct iovec io = { p, len };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t n;

	fds[0] = fds[1] = -1;
	while ((n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (n > 0 && m.msg_controllen && control.h.cmsg_type == SCM_RIGHTS && control.h.cmsg_len == CMSG_LEN(2 * sizeof *fds))
		memcpy(fds, CMSG_DATA(&control.h), 2 * sizeof *fds);
	return n == (ssize_t)len ? 0 : -1;
}

static pid_t
child_added(struct helper *h, pid_t pid)
{
	if (pid > 0) {
		GROW(h->children, h->n, h->cap);
		h->children[h->n++] = pid;
	}
	return pid;
}

static pid_t *
child_find(struct helper *h, pid_t pid)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->children[i] == pid)
			return &h->children[i];
	return NULL;
}

static pid_t
machine_launch(struct helper *h, struct error *err)
{
	const struct launch *l = &h->agent->launch;
	auto_free char *log = xasprintf("%s/%s", l->dir, h->agent->runtime->log);

	return helper_child_start(
		&(struct child_words){ .argv = l->machine.argv, .log = log, .capabilities = l->machine.capabilities }, err);
}

/* virtiofsd makes name spaces and gives up by itself what it does not need for that; swtpm has use for nothing. */
static pid_t
companion_launch(struct helper *h, size_t i, struct error *err)
{
	const struct launch *l = &h->agent->launch;
	const struct launch_companion *c = i < l->ncompanions ? &l->companions[i] : NULL;
	auto_free char *log = c ? xasprintf("%s/%s.log", l->dir, c->name) : NULL;
	bool folder = c && strncmp(c->name, "virtiofsd", 9) == 0;

	if (!c)
		return error_set(err, EINVAL, "no such companion");
	return helper_child_start(&(struct child_words){ .argv = c->argv, .log = log, .capabilities = folder ? UINT64_MAX : 0 },
			   err);
}

/* The process of that number in its pid file, if it is ours and has the socket among its words. */
static void
companion_end(struct helper *h, size_t i)
{
	const struct launch *l = &h->agent->launch;
	const struct launch_companion *c = i < l->ncompanions ? &l->companions[i] : NULL;
	auto_free char *path = c ? xasprintf("%s/%s.pid", l->dir, c->name) : NULL;
	AUTO(process) p = { 0 };

	if (c && process_hold(proc_read_pid(path), &p) && process_is_ours(&p) && proc_is(p.pid, 0, c->socket) &&
	    process_is_alive(&p))
		process_signal(&p, SIGTERM, NULL);
}

/* Has limactl said so, and is that the folder? Whoever asks has spoken with a guest, and may be its. */
static int
helper_may_serve(struct helper *h, const struct sshfs_mount *m, int folder, struct error *err)
{
	const struct served s = { m->location, m->writable, m->follow_symlinks, m->openssh, false };
	auto_free char *home = launch_home(&h->agent->launch);
	AUTO(guarded) g = { 0 };
	auto_close int own = -1;
	struct stat a, b;

	if (!served_has(home, h->agent->name, &s))
		return error_set(err, EPERM, "%s: limactl has not said that it is to be served so", m->location);
	written_guard(home, &g);
	own = guarded_folder(&g, m->location, 0, err);
	if (own < 0)
		return -1;
	if (folder < 0 || fstat(own, &a) < 0 || fstat(folder, &b) < 0 || a.st_ino != b.st_ino || a.st_dev != b.st_dev)
		return error_set(err, EPERM, "%s is another folder now", m->location);
	return 0;
}

static pid_t
server_launch(struct helper *h, const struct request *q, const int fds[2], struct error *err)
{
	AUTO(arena) a = { 0 };
	struct sshfs_mount m = {
		.location = q->location, .writable = q->writable != 0, .follow_symlinks = q->follow != 0, .openssh = q->openssh != 0};
	struct child_words w;

	if (fds[0] < 0 || !memchr(q->location, '\0', sizeof q->location) || q->location[0] != '/')
		return error_set(err, EINVAL, "no folder to serve");
	if (helper_may_serve(h, &m, fds[1], err) < 0 || server_words(&m, h->agent->launch.dir, &a, &w, err) < 0)
		return -1;
	w.socket = fds[0];
	w.folder = fds[1];
	return helper_child_start(&w, err);
}

static int
socket_remove(const struct request *q, int dir, struct error *err)
{
	struct stat st;

	if (!memchr(q->location, '\0', sizeof q->location) || strchr(q->location, '/'))
		return error_set(err, EINVAL, "not a name in a folder");
	if (fstatat(dir, q->location, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_errno(err, "%s", q->location);
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, EEXIST, "%s is there and no socket", q->location);
	return unlinkat(dir, q->location, 0) < 0 && errno != ENOENT ? error_errno(err, "remove %s", q->location) : 0;
}

static int
signal_pass(struct helper *h, pid_t pid, int sig, struct error *err)
{
	struct process found = machine_process(h->agent);

	if (found.pid && found.pid == pid)
		return process_signal(&found, sig, err);
	if (!child_find(h, pid))
		return error_set(err, EPERM, "process %d is not ours", (int)pid);
	/* it has not been reaped: the number is its own */
	return kill(pid, sig) < 0 ? error_errno(err, "signal %d to process %d", sig, (int)pid) : 0;
}

static int
child_reap(struct helper *h, pid_t pid, int *status)
{
	pid_t *known = child_find(h, pid);
	int r = known ? waitpid(pid, status, WNOHANG) : -1;

	if (r == 0)
		return 0;
	if (known)
		*known = h->children[--h->n];
	return r == pid ? 1 : -1;
}

static struct answer
helper_request_do(struct helper *h, const struct request *q, const int fds[2])
{
	struct answer a = { 0 };

	switch (q->what) {
	case START_MACHINE:
		a.r = child_added(h, machine_launch(h, &a.error));
		break;
	case START_COMPANION:
		a.r = child_added(h, companion_launch(h, q->index, &a.error));
		break;
	case END_COMPANION:
		companion_end(h, q->index);
		break;
	case START_SERVER:
		a.r = child_added(h, server_launch(h, q, fds, &a.error));
		break;
	case REMOVE_SOCKET:
		a.r = socket_remove(q, fds[0], &a.error);
		break;
	case SIGNAL:
		a.r = signal_pass(h, q->pid, q->sig, &a.error);
		break;
	case REAP:
		a.r = child_reap(h, q->pid, &a.status);
		break;
	default:
		a.r = error_set(&a.error, EINVAL, "no such request");
	}
	return a;
}

static _Noreturn void
helper_main(struct helper *h)
{
	struct request q;
	int fds[2];

	/* a name of its own, for whoever looks at the list of processes */
	prctl(PR_SET_NAME, "lima-helper");
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* whoever ends the agent ends this, by the socket */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	while (message_receive(h->socket, &q, sizeof q, fds) == 0) {
		struct answer a = helper_request_do(h, &q, fds);

		for (int i = 0; i < 2; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		if (message_send(h->socket, &a, sizeof a, NULL) < 0)
			break;
	}
	_exit(0);
}

int
helper_start(struct agent *a, struct error *err)
{
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return error_errno(err, "socketpair");
	pid = fork();
	if (pid == 0) {
		struct helper h = { .agent = a, .socket = fds[1] };

		close(fds[0]);
		helper_main(&h);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return error_errno(err, "fork");
	}
	a->helper = fds[0];
	a->helper_pid = pid;
	return 0;
}

void
helper_end(struct agent *a)
{
	close(a->helper);
	a->helper = -1;
	waitpid(a->helper_pid, NULL, 0);
}

/* The answer's r. */
static int
helper_ask(struct agent *a, const struct request *q, const int *fds, int *status, struct error *err)
{
	struct answer answer;
	int none[2];

	if (message_send(a->helper, q, sizeof *q, fds) < 0 ||
	    message_receive(a->helper, &answer, sizeof answer, none) < 0)
		return error_set(
			err, EPIPE,
			"the host agent's helper has ended: nothing can be started any more; restart the instance");
	if (answer.r < 0 && err)
		*err = answer.error;
	if (status)
		*status = answer.status;
	return answer.r;
}

pid_t
helper_machine(struct agent *a, struct error *err)
{
	return helper_ask(a, &(struct request){ .what = START_MACHINE }, NULL, NULL, err);
}

pid_t
helper_companion(struct agent *a, size_t i, struct error *err)
{
	return helper_ask(a, &(struct request){ .what = START_COMPANION, .index = i }, NULL, NULL, err);
}

pid_t
helper_server(struct agent *a, const struct sshfs_mount *m, const int fds[2], struct error *err)
{
	struct request q = {
		.what = START_SERVER, .writable = m->writable, .follow = m->follow_symlinks, .openssh = m->openssh};

	if (strlen(m->location) >= sizeof q.location)
		return error_set(err, ENAMETOOLONG, "%.200s...: too long", m->location);
	memcpy(q.location, m->location, strlen(m->location));
	return helper_ask(a, &q, fds, NULL, err);
}

int
helper_remove_socket(struct agent *a, int dir, const char *name, struct error *err)
{
	struct request q = { .what = REMOVE_SOCKET };

	if (strlen(name) >= sizeof q.location)
		return error_set(err, ENAMETOOLONG, "%.200s...: too long", name);
	memcpy(q.location, name, strlen(name));
	return helper_ask(a, &q, (int[]){ dir, dir }, NULL, err);
}

int
helper_signal(struct agent *a, pid_t pid, int sig, struct error *err)
{
	return helper_ask(a, &(struct request){ .what = SIGNAL, .pid = pid, .sig = sig }, NULL, NULL, err);
}

int
helper_reap(struct agent *a, pid_t pid, int *status)
{
	return helper_ask(a, &(struct request){ .what = REAP, .pid = pid }, NULL, status, NULL);
}

void
helper_end_companion(struct agent *a, size_t i)
{
	helper_ask(a, &(struct request){ .what = END_COMPANION, .index = i }, NULL, NULL, NULL);
}
