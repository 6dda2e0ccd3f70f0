#include "providers/ssh/ssh.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "providers/ssh/host_key.h"
#include "providers/sock.h"
#include "providers/ssh/ssh_exec.h"
#include "providers/ssh/ssh_link.h"
#include "providers/ssh/ssh_tcp.h"

#define DEFAULT_MS (2 * 60 * 1000)

int
ssh_tcp_connect(const char *address, int port, struct error *err)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };
	auto_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int one = 1;

	if (fd < 0)
		return error_errno(err, "socket");
	if (inet_pton(AF_INET, address && *address ? address : "127.0.0.1", &a.sin_addr) != 1)
		return error_set(err, EINVAL, "%s: not a numeric address", address);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS)
		return error_errno(err, "connect to %s port %d", address && *address ? address : "127.0.0.1", port);
	return steal_fd(fd);
}

/* Moves both on until the command has ended. */
static int
ssh_drive(struct ssh_link *l, struct ssh_exec *x, const struct sock_wait *w, struct error *err)
{
	int r;

	for (;;) {
		r = ssh_link_step(l, err);
		if (r == 1)
			r = ssh_exec_step(x, l, err);
		if (r != 0)
			return r < 0 ? -1 : 0;
		if (sock_poll(ssh_link_fd(l), ssh_link_events(l), w, err) < 0)
			return error_wrap(err, "ssh");
	}
}

int
ssh_run(const struct ssh_target *to, const struct ssh_command *c, int *status, struct error *err)
{
	struct sock_wait w = { .deadline = clock_ms() + (c->timeout_ms ? c->timeout_ms : DEFAULT_MS), .cancel = c->cancel };
	struct host_trust host = { .known = to->known_hosts ? to->known_hosts : "", .ours = "" };
	struct ssh_identity id = { .user = to->user, .keys = to->keys, .nkeys = to->nkeys, .host = &host };
	struct ssh_exec x = SSH_EXEC_INIT;
	struct ssh_link *l;
	int fd = ssh_tcp_connect(to->address, to->port, err), r;

	if (fd < 0)
		return -1;
	l = ssh_link_new(fd, &id);
	x.command = c->command;
	x.input = c->input;
	x.input_len = c->input_len;
	x.max_output = c->max_output;
	r = ssh_drive(l, &x, &w, err);
	if (r == 0 && x.truncated)
		r = error_set(err, ENOBUFS, "ssh: more output than is wanted");
	if (r == 0) {
		*status = x.status;
		if (c->out)
			buf_add(c->out, x.out.s, x.out.len);
		if (c->err)
			buf_add(c->err, x.err.s, x.err.len);
	}
	ssh_exec_release(&x, l);
	ssh_link_free(l);
	return r;
}
