#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/os/poller.h"
#include "drivers/serve/serve_impl.h"
#include "drivers/wire/driver_msg.h"
#include "providers/external.h"
#include "providers/sock.h"

enum { END_MS = 5000, IDLE_MS = 500 };

static const struct grpc_limits limits = { .message_max = DRIVER_MESSAGE_MAX, .partial_max = 2 * DRIVER_MESSAGE_MAX, .streams_max = 16 };

static void
serve_accept(struct server *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct serve_peer *p;

	if (fd >= 0 && s->npeers == SERVE_PEERS) {
		close(fd);
	} else if (fd >= 0) {
		p = s->peer[s->npeers++] = xcalloc(1, sizeof *p);
		*p = (struct serve_peer){ .server = s, .fd = fd, .conn = grpc_server_new(&limits, serve_call, p) };
	}
}

static void
peer_drop(struct server *s, size_t i)
{
	struct serve_peer *p = s->peer[i];

	s->peer[i] = s->peer[--s->npeers];
	grpc_conn_free(p->conn, "gone");
	close(p->fd);
	free(p);
}

/* False: it is gone. */
static bool
peer_flush(struct serve_peer *p)
{
	const uint8_t *out;
	size_t n;

	while ((n = grpc_output(p->conn, &out))) {
		ssize_t sent = send(p->fd, out, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return sent < 0 && (errno == EAGAIN || errno == EINTR);
		grpc_sent(p->conn, (size_t)sent);
	}
	return !grpc_done(p->conn);
}

static bool
peer_read(struct serve_peer *p)
{
	static char chunk[64 << 10];
	ssize_t n = read(p->fd, chunk, sizeof chunk);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	return n && grpc_feed(p->conn, chunk, (size_t)n, NULL) == 0;
}

static void
serve_reap(struct server *s)
{
	int status;

	if (!s->machine.pid || waitpid(s->machine.pid, &status, WNOHANG) != s->machine.pid)
		return;
	process_release(&s->machine);
	s->machine = (struct process){ .fd = -1 };
	serve_machine_ended(s, status);
}

static void
serve_look_at_clock(struct server *s)
{
	long long now = clock_ms();

	if (s->machine.pid && s->quit_at && now >= s->quit_at)
		serve_machine_quit(s);
	if (s->machine.pid && s->kill_at && now >= s->kill_at)
		process_signal(&s->machine, SIGKILL, NULL);
}

static void
serve_turn(struct server *s, int signals)
{
	struct pollfd p[3 + SERVE_PEERS] = {
		{ .fd = signals, .events = POLLIN }, { .fd = s->listener, .events = POLLIN },
		{ .fd = s->machine.pid ? s->machine.fd : -1, .events = POLLIN },
	};
	size_t n = s->npeers;
	const uint8_t *out;

	for (size_t i = 0; i < n; i++)
		p[3 + i] = (struct pollfd){ .fd = s->peer[i]->fd, .events = (short)(POLLIN | (grpc_output(s->peer[i]->conn, &out) ? POLLOUT : 0)) };
	if (poll(p, 3 + n, IDLE_MS) < 0)
		return;
	s->over = p[0].revents;
	if (p[2].revents)
		serve_reap(s);
	for (size_t i = n; i-- > 0;)
		if ((p[3 + i].revents & ~POLLOUT && !peer_read(s->peer[i])) || !peer_flush(s->peer[i]))
			peer_drop(s, i);
	if (p[1].revents)
		serve_accept(s);
	serve_look_at_clock(s);
}

static void
serve_end(struct server *s)
{
	long long until = clock_ms() + END_MS;

	if (s->machine.pid) {
		serve_machine_quit(s);
		if (process_wait(&s->machine, (int)(until - clock_ms()), NULL) != 1)
			process_signal(&s->machine, SIGKILL, NULL);
	}
	while (s->npeers)
		peer_drop(s, s->npeers - 1);
}

/* The instance with no word of ours about its state: whoever asks looks at the pid files. */
static int
inspect_status(void)
{
	char chunk[4096];
	size_t n;

	while ((n = fread(chunk, 1, sizeof chunk, stdin)))
		fwrite(chunk, 1, n, stdout);
	return 0;
}

int
serve(const struct serve_ops *ops, void *ctx, int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *base = slash ? slash + 1 : argv[0], *name = ops->name;
	struct server s = { .ops = ops, .ctx = ctx, .listener = -1, .machine.fd = -1 };
	auto_free char *path = NULL;
	struct error err;
	sigset_t set;
	int signals;

	if (argc == 2 && !strcmp(argv[1], "--inspect-status"))
		return inspect_status();
	if (argc != 3 || strcmp(argv[1], "--inst-dir") || *argv[2] != '/') {
		fprintf(stderr, "usage: %s --inst-dir DIR\n", base);
		return 2;
	}
	if (!strncmp(base, EXTERNAL_PREFIX, strlen(EXTERNAL_PREFIX)))
		name = base + strlen(EXTERNAL_PREFIX);
	s.dir = argv[2];
	path = xasprintf("%s/%s" EXTERNAL_DRIVER_SOCKET, s.dir, name);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signals = os_signals_open(&set);
	umask(077);
	s.listener = sock_listen(path, &err);
	if (s.listener < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	while (!s.over)
		serve_turn(&s, signals);
	serve_end(&s);
	unlink(path);
	return 0;
}
