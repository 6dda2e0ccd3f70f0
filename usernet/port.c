#include "usernet/port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/os/process.h"
#include "usernet/os/sender.h"
#include "usernet/switch.h"

enum { SEND_BUFFER = 1 << 20 };

bool
rate_take(struct rate *r, long long now_ms, double per_s, double burst)
{
	if (!r->at_ms)
		r->left = burst;
	else
		r->left += (double)(now_ms - r->at_ms) * per_s / 1000;
	r->at_ms = now_ms;
	if (r->left > burst)
		r->left = burst;
	if (r->left < 1)
		return false;
	r->left -= 1;
	return true;
}

static bool
port_address(struct sockaddr_un *to, const char *path)
{
	*to = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof to->sun_path)
		return false;
	strcpy(to->sun_path, path);
	return true;
}

static int
port_bind(struct port *p, const char *dir, struct error *err)
{
	auto_free char *path = xasprintf("%s/ports/%s.sock", dir, p->is.id);
	struct sockaddr_un here, there;
	int size = SEND_BUFFER, r;
	mode_t others;

	if (!port_address(&here, path) || !port_address(&there, p->is.socket))
		return error_set(err, ENAMETOOLONG, "%s: too long for a socket",
				 strlen(path) < sizeof here.sun_path ? p->is.socket : path);
	p->sock.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->sock.fd < 0)
		return error_errno(err, "socket");
	unlink(path);
	/* Nobody comes to our folder; a machine that has given root up gets it by a descriptor, and may send. */
	others = umask(0111);
	r = bind(p->sock.fd, (void *)&here, sizeof here);
	umask(others);
	if (r < 0)
		return error_errno(err, "bind %s", path);
	setsockopt(p->sock.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return sender_ask(p->sock.fd) < 0 ? error_errno(err, "who sends to %s", path) : 0;
}

struct port *
port_open(struct sw *sw, const char *dir, const struct usernet_port *is, const char *text, struct arena *mem,
	  struct error *err)
{
	struct port *p = xcalloc(1, sizeof *p);

	p->is = *is;
	p->text = text;
	p->mem = *mem;
	*mem = (struct arena){0};
	p->sw = sw;
	p->sock = (struct watch){WATCH_PORT, -1, p};
	p->peer = (struct watch){WATCH_PEER, -1, p};
	if (port_bind(p, dir, err) < 0) {
		port_close(p);
		return NULL;
	}
	return p;
}

static void
queue_clear(struct port *p)
{
	while (p->head != p->tail)
		free(p->queue[p->head++ % QUEUE_MAX]);
}

void
port_close(struct port *p)
{
	queue_clear(p);
	if (p->peer.fd >= 0)
		close(p->peer.fd);
	if (p->sock.fd >= 0)
		close(p->sock.fd);
	arena_release(&p->mem);
	free(p);
}

/* 1: sent, or nobody is there; 0: no room */
static int
port_try(struct port *p, const void *frame, size_t len)
{
	struct sockaddr_un to;
	bool connected = p->peer.fd >= 0;
	ssize_t n;

	if (connected) {
		n = send(p->sock.fd, frame, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} else {
		port_address(&to, p->is.socket);
		n = sendto(p->sock.fd, frame, len, MSG_DONTWAIT | MSG_NOSIGNAL, (void *)&to, sizeof to);
	}
	if (n >= 0) {
		p->out++;
		return 1;
	}
	if (errno == EAGAIN || errno == ENOBUFS)
		return !connected; /* only a connected socket is told when there is room */
	p->lost |= connected;
	return 1;
}

static void
port_wait(struct port *p, bool waits)
{
	if (p->waits != waits)
		switch_watch_for(p->sw, &p->sock, POLLER_IN | (waits ? POLLER_OUT : 0));
	p->waits = waits;
}

void
port_send(struct port *p, const void *frame, size_t len)
{
	struct queued *q;

	if (p->head == p->tail && port_try(p, frame, len))
		return;
	if (p->tail - p->head == QUEUE_MAX) {
		p->dropped++;
		return;
	}
	q = xcalloc(1, sizeof *q + len);
	q->len = len;
	memcpy(q->bytes, frame, len);
	p->queue[p->tail++ % QUEUE_MAX] = q;
	port_wait(p, true);
}

void
port_flush(struct port *p)
{
	for (; p->head != p->tail; p->head++) {
		struct queued *q = p->queue[p->head % QUEUE_MAX];

		if (!port_try(p, q->bytes, q->len))
			return;
		free(q);
	}
	port_wait(p, false);
}

/* From now on it takes from that process alone, and hears of its end. */
static bool
port_connect(struct port *p, pid_t pid)
{
	struct sockaddr_un to;

	if (pid <= 0 || !port_address(&to, p->is.socket) || connect(p->sock.fd, (void *)&to, sizeof to) < 0)
		return false;
	p->peer.fd = os_process_end(pid);
	if (p->peer.fd < 0) {
		port_disconnect(p);
		return false;
	}
	switch_watch(p->sw, &p->peer, POLLER_IN);
	return true;
}

void
port_disconnect(struct port *p)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	if (p->peer.fd >= 0)
		close(p->peer.fd);
	p->peer.fd = -1;
	p->lost = false;
	connect(p->sock.fd, &none, sizeof none);
	queue_clear(p);
	port_wait(p, false);
}

size_t
port_receive(struct port *p, uint8_t *frame, size_t max, bool *fresh)
{
	struct sockaddr_un from = {0};
	union {
		struct cmsghdr head;
		char room[SENDER_ROOM];
	} control;
	struct iovec v = {frame, max};
	struct msghdr m = {.msg_name = &from,
			   .msg_namelen = sizeof from,
			   .msg_iov = &v,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof control};
	ssize_t n = recvmsg(p->sock.fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*fresh = false;
	if (n <= 0)
		return 0;
	p->in++;
	if (p->peer.fd < 0) {
		/* A frame from another address is not from this port's machine. */
		if (strncmp(from.sun_path, p->is.socket, sizeof from.sun_path) != 0)
			return 1;
		*fresh = port_connect(p, sender_of(&m));
	}
	return (size_t)n;
}
