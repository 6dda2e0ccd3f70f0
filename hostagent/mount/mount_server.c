#include "hostagent/mount/mount_server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "base/os/process.h"
#include "base/process.h"
#include "hostagent/agent.h"
#include "hostagent/forward/relay.h"
#include "hostagent/helper/helper.h"
#include "hostagent/mount/confine.h"
#include "hostagent/sftpd/main.h"
#include "hostagent/protocol/sshfs.h"

/* The serving process and our end of its standard input and output. libuv closes handles later, so the memory stays until both are closed. */
struct mount_server {
	struct relay relay;	/* first: the pipe's data is both */
	void (*ended)(void *owner, const char *why);
	void *owner;		/* NULL: nobody's any more */
	bool openssh;
	uv_pipe_t pipe;
	struct agent *agent;
	struct process process;
	uv_poll_t exit;
	int open;		/* handles */
};

static void
mount_server_on_closed(uv_handle_t *h)
{
	struct mount_server *s = h->data;

	if (--s->open)
		return;
	process_release(&s->process);
	free(s);
}

static char *
mount_server_reason(const struct mount_server *s, int status, int sig)
{
	if (sig)
		return xasprintf("the server was ended by signal %d (%s)", sig, strsignal(sig));
	if (!s->openssh && status == SFTPD_OLD_KERNEL)
		return xstrdup("this host's kernel cannot keep a server to a folder (openat2, Linux 5.6): "
			       "set sshfs.sftpDriver to openssh-sftp-server");
	if (!s->openssh && status == SFTPD_NO_FOLDER)
		return xstrdup("the folder cannot be opened on the host");
	if (!s->openssh && status == SFTPD_NO_WALLS)
		return xstrdup("the kernel did not let the server give up what it does not need (seccomp, capabilities)");
	return xasprintf("the server ended, exit status %d", status);
}

static void
on_process_exit(uv_poll_t *p, int error, int events)
{
	struct mount_server *s = p->data;
	auto_free char *why = NULL;
	int status = 0;

	(void)error;
	(void)events;
	helper_reap(s->agent, s->process.pid, &status);
	why = mount_server_reason(s, WEXITSTATUS(status), WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	uv_close((uv_handle_t *)p, mount_server_on_closed);
	if (s->owner)
		s->ended(s->owner, why);
}

static void
on_relay_ended(struct relay *r, bool by_guest)
{
	struct mount_server *s = (struct mount_server *)r;

	/* When the process closes its end, its exit follows and says why. */
	if (by_guest)
		s->ended(s->owner, MOUNT_SERVER_GUEST_ENDED);
}

static int
server_spawn(struct mount_server *s, struct agent *a, const struct sshfs_mount *def, const int fds[2], struct error *err)
{
	pid_t pid;

	if (def->openssh && (def->follow_symlinks || !confine_possible()))
		log_warning("mount %s: sftp-server serves any file of this host's user to the guest, since %s", def->point,
			    def->follow_symlinks ? "it is to follow links" :
						   "the kernel has no Landlock; leave sshfs.sftpDriver empty for a server that does not");
	pid = helper_server(a, def, fds, err);
	if (pid < 0)
		return -1;
	s->process = (struct process){ .pid = pid, .fd = os_process_end(pid) };
	return s->process.fd < 0 ? error_errno(err, "watch a process") : 0;
}

struct mount_server *
mount_server_start(struct agent *a, const struct sshfs_mount *def, int folder, struct ssh_channel *channel,
		   void (*ended)(void *owner, const char *why), void *owner, struct error *err)
{
	struct mount_server *s;
	int fds[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		error_errno(err, "socketpair");
		return NULL;
	}
	s = xcalloc(1, sizeof *s);
	r = server_spawn(s, a, def, (int[]){ fds[1], folder }, err);
	close(fds[1]);
	if (r < 0) {
		close(fds[0]);
		free(s);
		return NULL;
	}
	s->open = 2;
	s->agent = a;
	s->openssh = def->openssh;
	uv_pipe_init(&a->loop, &s->pipe, 0);
	uv_pipe_open(&s->pipe, fds[0]);
	uv_poll_init(&a->loop, &s->exit, s->process.fd);
	s->exit.data = s->pipe.data = s;
	uv_poll_start(&s->exit, UV_READABLE, on_process_exit);
	s->relay = (struct relay){ .agent = a, .stream = (uv_stream_t *)&s->pipe, .channel = channel, .ended = on_relay_ended };
	s->ended = ended;
	s->owner = owner;
	return s;
}

bool
mount_server_step(struct mount_server *s)
{
	return relay_step(&s->relay);
}

void
mount_server_stop(struct mount_server *s)
{
	if (!s)
		return;
	s->owner = NULL;
	relay_stop(&s->relay);
	uv_close((uv_handle_t *)&s->pipe, mount_server_on_closed);
	if (!uv_is_closing((uv_handle_t *)&s->exit))
		helper_signal(s->agent, s->process.pid, SIGKILL, NULL);
}
