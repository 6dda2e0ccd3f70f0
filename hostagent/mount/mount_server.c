#include "hostagent/mount/mount_server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/mount/confine.h"
#include "hostagent/forward/relay.h"
#include "hostagent/sftpd/main.h"
#include "hostagent/protocol/sshfs.h"

/* The process, and our end of its standard input and output. It outlives its use until both handles are closed. */
struct mount_server {
	struct relay relay;	/* first: the pipe's data is both */
	void (*ended)(void *owner, const char *why);
	void *owner;		/* NULL: nobody's any more */
	bool openssh;
	uv_pipe_t pipe;
	uv_process_t process;
	int open;		/* handles */
};

static void
on_closed(uv_handle_t *h)
{
	struct mount_server *s = h->data;

	if (--s->open == 0)
		free(s);
}

static char *
reason(const struct mount_server *s, int status, int sig)
{
	if (sig)
		return xasprintf("the server was ended by signal %d (%s)", sig, strsignal(sig));
	if (!s->openssh && status == SFTPD_OLD_KERNEL)
		return xstrdup("this host's kernel cannot keep a server to a folder (openat2, Linux 5.6): "
			       "set sshfs.sftpDriver to openssh-sftp-server");
	if (!s->openssh && status == SFTPD_NO_FOLDER)
		return xstrdup("the folder cannot be opened on the host");
	return xasprintf("the server ended, exit status %d", status);
}

static void
on_process_exit(uv_process_t *p, int64_t status, int sig)
{
	struct mount_server *s = p->data;
	auto_free char *why = reason(s, (int)status, sig);

	uv_close((uv_handle_t *)p, on_closed);
	if (s->owner)
		s->ended(s->owner, why);
}

static void
on_relay_ended(struct relay *r, bool by_guest)
{
	struct mount_server *s = (struct mount_server *)r;

	/* the process's own end of it is followed by its exit, which says why */
	if (by_guest)
		s->ended(s->owner, MOUNT_SERVER_GUEST_ENDED);
}

/* OpenSSH's: from `words` on, or with the words in front that confine it. */
static char **
openssh_words(const struct sshfs_mount *def, char *program, struct buf *dir, char *words[16])
{
	size_t n = 4;

	for (const char *p = def->location; *p; p++)
		buf_adds(dir, (char[]){ *p, *p == '%' ? '%' : '\0', '\0' });
	words[0] = "lima-hostagent";
	words[1] = CONFINE_WORD;
	words[2] = def->writable ? "rw" : "ro";
	words[3] = SFTPD_FOLDER_PATH;
	words[n++] = program;
	words[n++] = "-e";
	/* ours is for files that nobody else may see; these are a user's */
	words[n++] = "-u";
	words[n++] = "022";
	words[n++] = "-d";
	words[n++] = dir->s;
	if (!def->writable)
		words[n++] = "-R";
	words[n] = NULL;
	if (def->follow_symlinks || !confine_possible())
		log_warning("mount %s: sftp-server serves any file of this host's user to the guest, since %s", def->point,
			    def->follow_symlinks ? "it is to follow links" :
						   "the kernel has no Landlock; leave sshfs.sftpDriver empty for a server that does not");
	/* links that lead out of the folder are followed only on request, and then cannot be told from any other path */
	return def->follow_symlinks ? words + 4 : words;
}

static int
spawn(struct mount_server *s, struct agent *a, const struct sshfs_mount *def, int folder, char *program, int fd)
{
	auto_free char *home = xstrndup(a->launch.dir, (size_t)(strrchr(a->launch.dir, '/') - a->launch.dir));
	static char *const modes[2][2] = { { "ro", "ro-follow" }, { "rw", "rw-follow" } };
	AUTO(buf) dir = BUF_INIT;
	char *own[] = { "lima-hostagent", SFTPD_WORD, modes[def->writable][def->follow_symlinks],
			(char *)(uintptr_t)def->location, home, NULL };
	char *words[16];
	char *env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", NULL };
	uv_stdio_container_t io[] = {
		{ .flags = UV_INHERIT_FD, .data.fd = fd }, { .flags = UV_INHERIT_FD, .data.fd = fd }, { .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = folder },
	};
	_Static_assert(SFTPD_FOLDER_FD == 3, "the place in io[]");
	uv_process_options_t o = { .exit_cb = on_process_exit, .env = env, .stdio_count = ARRAY_LEN(io), .stdio = io, .cwd = "/" };

	o.args = program ? openssh_words(def, program, &dir, words) : own;
	o.file = o.args == words + 4 ? program : "/proc/self/exe";
	return uv_spawn(&a->loop, &s->process, &o);
}

struct mount_server *
mount_server_start(struct agent *a, const struct sshfs_mount *def, int folder, struct ssh_channel *channel,
		   void (*ended)(void *owner, const char *why), void *owner, struct error *err)
{
	auto_free char *program = def->openssh ? sshfs_server(err) : NULL;
	struct mount_server *s;
	int fds[2], r;

	if (def->openssh && !program)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		error_errno(err, "socketpair");
		return NULL;
	}
	s = xcalloc(1, sizeof *s);
	s->open = 2;
	s->openssh = def->openssh;
	uv_pipe_init(&a->loop, &s->pipe, 0);
	uv_pipe_open(&s->pipe, fds[0]);
	s->process.data = s->pipe.data = s;
	r = spawn(s, a, def, folder, program, fds[1]);
	close(fds[1]);
	if (r < 0) {
		uv_close((uv_handle_t *)&s->pipe, on_closed);
		uv_close((uv_handle_t *)&s->process, on_closed);
		error_set(err, -r, "%s: %s", program ? program : "lima-hostagent", uv_strerror(r));
		return NULL;
	}
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
	uv_close((uv_handle_t *)&s->pipe, on_closed);
	if (!uv_is_closing((uv_handle_t *)&s->process))
		uv_process_kill(&s->process, SIGKILL);
}
