#include "hostagent/helper/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/place.h"
#include "base/os/process.h"
#include "base/proc.h"
#include "base/process.h"
#include "hostagent/agent.h"
#include "hostagent/helper/bounds.h"
#include "hostagent/helper/child.h"
#include "hostagent/helper/instance_files.h"
#include "hostagent/helper/message.h"
#include "hostagent/helper/shared.h"
#include "hostagent/machine/runtime.h"
#include "hostagent/mount/server_words.h"
#include "hostagent/protocol/sshfs.h"
#include "hostagent/sftpd/main.h"
#include "providers/served.h"
#include "providers/written.h"

/* The helper's own. */
struct helper {
	struct agent *agent; /* as it was when we were forked */
	int socket;
	pid_t *children; /* started and not yet reaped */
	size_t n, cap;
	struct process *companions; /* as many as launch has; of an agent before, or those that were started */
	bool closed;		    /* bounds_close() */
};

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

/* Whatever a guest has to do with it, no second machine is started, and nothing beside it. */
static int
bounds_are_open(const struct helper *h, struct error *err)
{
	return h->closed
		       ? error_set(err, EPERM, "there is a machine already: nothing but servers of folders is started")
		       : 0;
}

static pid_t
machine_launch(struct helper *h, struct error *err)
{
	const struct launch *l = &h->agent->launch;
	auto_free char *log = xasprintf("%s/%s", l->dir, h->agent->runtime->log);
	AUTO(shared) shared = { 0 };
	struct child_words w = {.argv = l->machine.argv, .log = log, .capabilities = l->machine.capabilities};
	pid_t pid;

	if (bounds_are_open(h, err) < 0 || shared_of_machine(l, &shared, &w, err) < 0 ||
	    instance_file_make(l->machine.pidfile, err) < 0)
		return -1;
	w.files = l->machine.files;
	w.nfiles = l->machine.nfiles;
	pid = helper_child_start(&w, err);
	if (pid > 0 && bounds_close(err) < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	if (pid < 0)
		fs_unlink(l->machine.pidfile, NULL);
	h->closed |= pid > 0;
	return pid;
}

/* For the next agent. */
static int
companion_note(const struct launch *l, const struct launch_companion *c, pid_t pid, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s.pid", l->dir, c->name), *number = xasprintf("%d\n", (int)pid);

	return fs_write(path, number, strlen(number), 0600, err);
}

static pid_t
companion_launch(struct helper *h, size_t i, struct error *err)
{
	const struct launch *l = &h->agent->launch;
	const struct launch_companion *c = i < l->ncompanions ? &l->companions[i] : NULL;
	auto_free char *log = c ? xasprintf("%s/%s.log", l->dir, c->name) : NULL;
	struct child_words w = {.log = log};
	AUTO(shared) shared = { 0 };
	pid_t pid;

	if (!c)
		return error_set(err, EINVAL, "no such companion");
	w.argv = c->argv;
	w.capabilities = bounds_of_companion(c);
	w.files = c->files;
	w.nfiles = c->nfiles;
	w.user = c->user;
	if (bounds_are_open(h, err) < 0 || shared_of_companion(l, c, &shared, &w, err) < 0)
		return -1;
	pid = helper_child_start(&w, err);
	process_release(&h->companions[i]);
	if (!process_hold(pid, &h->companions[i]) || companion_note(l, c, pid, err) == 0)
		return pid;
	process_signal(&h->companions[i], SIGTERM, NULL);
	return -1;
}

/* Nobody but the companions of this instance, and its machine, has a user of its own; of another user's processes the words tell. */
static bool
companion_is(const struct process *p, const struct launch_companion *c)
{
	bool known = c->user ? process_is_of(p, c->user) && process_runs(p, c->argv[0])
			     : process_is_ours(p) && proc_is(p->pid, 0, c->socket);

	return known && process_is_alive(p);
}

/* Those of an agent before: a process of the number in the pid file, if it is what we have started. */
static void
companions_find(struct helper *h)
{
	const struct launch *l = &h->agent->launch;

	h->companions = xcalloc(l->ncompanions + 1, sizeof *h->companions);
	for (size_t i = 0; i < l->ncompanions; i++) {
		const struct launch_companion *c = &l->companions[i];
		auto_free char *path = xasprintf("%s/%s.pid", l->dir, c->name);
		struct process *p = &h->companions[i];

		if (process_hold(proc_read_pid(path), p) && !companion_is(p, c))
			process_release(p);
	}
}

static void
companion_end(struct helper *h, size_t i)
{
	const struct launch *l = &h->agent->launch;
	auto_free char *pidfile = NULL;

	if (i >= l->ncompanions)
		return;
	pidfile = xasprintf("%s/%s.pid", l->dir, l->companions[i].name);
	if (h->companions[i].pid)
		process_signal(&h->companions[i], SIGTERM, NULL);
	fs_unlink(pidfile, NULL);
	fs_unlink(l->companions[i].socket, NULL);
}

/* Has limactl said so, and is that the folder? Whoever asks has spoken with a guest, and may be its. */
static int
helper_may_serve(struct helper *h, const struct sshfs_mount *m, int folder, struct error *err)
{
	const struct served s = {m->location, m->writable, m->follow_symlinks, m->openssh, false};
	auto_free char *home = launch_home(&h->agent->launch);
	AUTO(guarded) g = {0};
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
	AUTO(arena) a = {0};
	struct sshfs_mount m = {.location = q->location,
				.writable = q->writable != 0,
				.follow_symlinks = q->follow != 0,
				.openssh = q->openssh != 0};
	struct child_words w;

	if (fds[0] < 0 || !memchr(q->location, '\0', sizeof q->location) || q->location[0] != '/')
		return error_set(err, EINVAL, "no folder to serve");
	if (helper_may_serve(h, &m, fds[1], err) < 0 || server_words(&m, h->agent->launch.dir, &a, &w, err) < 0)
		return -1;
	w.socket = fds[0];
	w.folders = &fds[1];
	w.nfolders = 1;
	return helper_child_start(&w, err);
}

/* Does nobody listen on it any more? One that somebody has is not the agent's to remove, and a guest may have told it to. */
static bool
socket_is_left(int dir, const char *name)
{
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	return os_place_socket(dir, name, to.sun_path, sizeof to.sun_path) == 0 &&
	       fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno == ECONNREFUSED;
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
	if (!socket_is_left(dir, q->location))
		return error_set(err, EADDRINUSE, "%s: somebody listens on this socket", q->location);
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
	/* The child has not been reaped, so the number is its own. */
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

/* What is asked of files. */
static int
files_request_do(struct agent *a, const struct request *q, int fd, struct error *err)
{
	if (!memchr(q->location, '\0', sizeof q->location) || !memchr(q->text, '\0', sizeof q->text))
		return error_set(err, EINVAL, "not a text");
	switch (q->what) {
	case WRITE_FILE:
		return instance_file_write(a, q->location, q->text, err);
	case REMOVE_FILE:
		return instance_file_remove(a, q->location, err);
	case PLACE_SOCKET:
		return instance_socket_place(a, err);
	case SWEEP:
		return a->runtime->sweep(a, err);
	case STORE_COPY:
		return instance_copy_store(a, q->location, fd, err);
	case REMOVE_COPY:
		return instance_copy_remove(a, q->location, err);
	default:
		return error_set(err, EINVAL, "no such request");
	}
}

static struct answer
helper_request_do(struct helper *h, const struct request *q, const int fds[2])
{
	struct answer a = {0};

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
	case WRITE_FILE:
	case REMOVE_FILE:
	case PLACE_SOCKET:
	case SWEEP:
	case STORE_COPY:
	case REMOVE_COPY:
		a.r = files_request_do(h->agent, q, fds[0], &a.error);
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

/* What the agent is to hear with its first question. */
static int
helper_bound(struct helper *h, struct error *err)
{
	companions_find(h);
	if (bounds_begin(h->agent, err) < 0)
		return -1;
	if (!machine_process(h->agent).pid)
		return 0;
	h->closed = true;
	return bounds_close(err);
}

static _Noreturn void
helper_main(struct helper *h)
{
	struct error bounds;
	bool bound = helper_bound(h, &bounds) == 0;
	struct request q;
	int fds[2];

	/* The helper has a name of its own in lists of processes. */
	os_process_name("lima-helper");
	/* The helper ends with the agent, whose socket it sees close. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	while (message_receive(h->socket, &q, sizeof q, fds) == 0) {
		struct answer a = bound ? helper_request_do(h, &q, fds) : (struct answer){.r = -1, .error = bounds};

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
		struct helper h = {.agent = a, .socket = fds[1]};

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
