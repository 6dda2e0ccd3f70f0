#include "usernet/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/http_head.h"
#include "usernet/services.h"
#include "usernet/switch.h"

enum { CLIENTS_MAX = 8, REQUEST_MAX = 64 << 10, BACKLOG = 8 };

struct client {
	struct watch watch; /* fd -1: free */
	struct buf in, out;
	size_t sent;
	uint64_t heard; /* the turn in which it said something last */
};

struct switch_endpoint {
	struct sw *sw;
	struct watch listen;
	struct client clients[CLIENTS_MAX];
	uint64_t turns;
	char *path;
};

static int
endpoint_bind(struct switch_endpoint *e, struct error *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (strlen(e->path) >= sizeof at.sun_path)
		return error_set(err, ENAMETOOLONG, "%s: too long for a socket", e->path);
	strcpy(at.sun_path, e->path);
	unlink(e->path);
	e->listen.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* The socket is the owner's alone, like its folder. */
	if (e->listen.fd < 0 || bind(e->listen.fd, (void *)&at, sizeof at) < 0 || chmod(e->path, 0600) < 0 || listen(e->listen.fd, BACKLOG) < 0)
		return error_errno(err, "listen on %s", e->path);
	switch_watch(e->sw, &e->listen, POLLER_IN);
	return 0;
}

struct switch_endpoint *
endpoint_open(struct sw *s, struct error *err)
{
	struct switch_endpoint *e = xcalloc(1, sizeof *e);

	*e = (struct switch_endpoint){.sw = s, .listen = {WATCH_LISTEN, -1, NULL}};
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		e->clients[i].watch.fd = -1;
	e->path = xasprintf("%s/%s_ep.sock", s->dir, strrchr(s->dir, '/') + 1);
	if (endpoint_bind(e, err) < 0) {
		endpoint_close(e);
		return NULL;
	}
	return e;
}

static void
endpoint_client_close(struct client *c)
{
	if (c->watch.fd >= 0)
		close(c->watch.fd);
	buf_release(&c->in);
	buf_release(&c->out);
	*c = (struct client){.watch.fd = -1};
}

void
endpoint_close(struct switch_endpoint *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		endpoint_client_close(&e->clients[i]);
	if (e->listen.fd >= 0)
		close(e->listen.fd);
	unlink(e->path);
	free(e->path);
	free(e);
}

static struct client *
client_place(struct switch_endpoint *e)
{
	struct client *oldest = &e->clients[0];

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (e->clients[i].watch.fd < 0)
			return &e->clients[i];
		if (e->clients[i].heard < oldest->heard)
			oldest = &e->clients[i];
	}
	endpoint_client_close(oldest);
	return oldest;
}

void
endpoint_accept(struct switch_endpoint *e)
{
	int fd = accept4(e->listen.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c;

	if (fd < 0)
		return;
	c = client_place(e);
	*c = (struct client){.watch = {WATCH_CLIENT, fd, NULL}, .heard = ++e->turns};
	switch_watch(e->sw, &c->watch, POLLER_IN);
}

static void
client_send(struct switch_endpoint *e, struct client *c)
{
	ssize_t n = send(c->watch.fd, c->out.s + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN) {
		endpoint_client_close(c);
		return;
	}
	c->sent += n > 0 ? (size_t)n : 0;
	if (c->sent == c->out.len)
		endpoint_client_close(c);
	else
		switch_watch_for(e->sw, &c->watch, POLLER_OUT);
}

static void
endpoint_client_answer(struct switch_endpoint *e, struct client *c, int status, const char *body)
{
	http_answer_write(&c->out, status, status == 200 ? "application/json" : "text/plain; charset=utf-8", body);
	client_send(e, c);
}

/* Once all of it is there. */
static void
client_call(struct switch_endpoint *e, struct client *c)
{
	enum http_verdict v = c->in.len > REQUEST_MAX ? HTTP_BAD_LENGTH : HTTP_MORE;
	struct http_request r;
	AUTO(buf) out = BUF_INIT;
	int status;

	if (v == HTTP_MORE)
		v = http_request_read(c->in.s, c->in.len, REQUEST_MAX, &r);
	if (v == HTTP_MORE)
		return;
	if (v != HTTP_WHOLE) {
		endpoint_client_answer(e, c, 400, "not a request that this endpoint takes\n");
		return;
	}
	status = service_call(e->sw, r.method, r.path, &out);
	endpoint_client_answer(e, c, status, out.len ? out.s : "");
}

void
endpoint_turn(struct switch_endpoint *e, int fd)
{
	struct client *c = e->clients;
	char room[4096];
	ssize_t n;

	while (c < e->clients + CLIENTS_MAX && c->watch.fd != fd)
		c++;
	if (c == e->clients + CLIENTS_MAX)
		return;
	if (c->out.len) {
		client_send(e, c);
		return;
	}
	n = recv(fd, room, sizeof room, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		endpoint_client_close(c);
		return;
	}
	c->heard = ++e->turns;
	buf_add(&c->in, room, (size_t)n);
	client_call(e, c);
}
