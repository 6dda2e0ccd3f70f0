#include "guest/agent/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "guest/agent/h2_preface.h"
#include "guest/agent/listen.h"
#include "guest/agent/log.h"
#include "guest/agent/service.h"
#include "guest/wire/grpc.h"

#define RETRY_MS 1000

struct peer {
	struct server *server;
	struct peer *next;	/* younger first */
	struct watch w;
	struct service_peer calls;
	struct grpc_conn *conn;	/* NULL: a virtio port that waits for a preface */
	struct h2_preface hunt;
	bool port;
	bool away;		/* nobody has the other end of the port */
	bool closing;		/* it broke the protocol; gone after one try to say so */
};

struct server {
	struct loop *loop;
	struct service *service;
	struct watch listener;	/* fd -1: a virtio port */
	bool vsock;
	char *path;		/* of a unix socket */
	struct peer *peers;
	unsigned n;
	struct timer retry;	/* to accept, when there were no descriptors left */
	char chunk[64 << 10];	/* what was read last */
};

static void
peer_connect(struct peer *p)
{
	/* A unix socket is a user's of the guest; a port is root's and ends at the host, and of vsock the host alone is taken (listen.c). */
	p->calls = (struct service_peer){ .service = p->server->service, .trusted = p->port || p->server->vsock };
	p->conn = service_connect(&p->calls);
}

static void
peer_free(struct peer *p)
{
	for (struct peer **at = &p->server->peers; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	p->server->n--;
	loop_unwatch(p->server->loop, &p->w);
	close(p->w.fd);
	grpc_conn_free(p->conn, "");
	free(p);
}

/* Nothing more will come of this connection; true: `p` is gone. */
static bool
peer_end(struct peer *p)
{
	if (!p->port) {
		peer_free(p);
		return true;
	}
	grpc_conn_free(p->conn, "");
	p->conn = NULL;
	p->closing = false;
	p->hunt = (struct h2_preface){ 0 };
	return false;
}

/* Sends what there is. */
static void
server_pump(struct peer *p)
{
	const uint8_t *out;
	size_t len = 0;

	while (p->conn && (len = grpc_output(p->conn, &out))) {
		ssize_t n = write(p->w.fd, out, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			peer_end(p);
			return;
		}
		if (n <= 0)
			break;
		grpc_sent(p->conn, (size_t)n);
	}
	if (p->conn && (p->closing || (!len && grpc_done(p->conn))) && peer_end(p))
		return;
	/* A port without a host is "hung up" all the time, which is news only once */
	loop_watch(p->server->loop, &p->w, EPOLLIN | (p->away ? EPOLLET : 0) | (p->conn && len ? EPOLLOUT : 0));
}

static void
pump_all(void *ctx)
{
	struct server *s = ctx;

	for (struct peer *p = s->peers, *next; p; p = next) {
		next = p->next;
		server_pump(p);
	}
}

static void
server_feed(struct peer *p, const char *bytes, size_t len)
{
	struct error err;

	if (grpc_feed(p->conn, bytes, len, &err) == 0)
		return;
	log_debug("host: %s", err.msg);
	p->closing = true;
}

/* Has what came ended the connection? It has when the answer is to be a farewell. */
static bool
server_broken(struct peer *p)
{
	const uint8_t *out;

	(void)grpc_output(p->conn, &out);	/* what is not sent now is so later */
	return p->closing || grpc_done(p->conn);
}

/* On a port a connection begins with the preface that nobody announces. */
static void
feed_port(struct peer *p, const char *bytes, size_t len)
{
	size_t rest;

	if (p->conn) {
		struct h2_preface hunt = p->hunt;

		server_feed(p, bytes, len);
		if (!server_broken(p)) {
			h2_preface_follow(&p->hunt, bytes, len);
			return;
		}
		/* The host may have begun anew within these bytes, or at the end of those before */
		(void)peer_end(p);
		p->hunt = hunt;
	}
	/* ... and more than once, while nobody has read them */
	while ((rest = h2_preface_find(&p->hunt, bytes, len)) != PREFACE_NONE) {
		if (p->conn)
			(void)peer_end(p);
		bytes += len - rest;
		len = rest;
		peer_connect(p);
		server_feed(p, PREFACE, PREFACE_LEN);
		server_feed(p, bytes, len);
		if (!server_broken(p)) {
			h2_preface_follow(&p->hunt, bytes, len);
			return;
		}
	}
}

static void
peer_ready(struct watch *w, uint32_t events)
{
	struct peer *p = CONTAINER_OF(w, struct peer, w);
	struct server *s = p->server;
	ssize_t n;

	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = read(w->fd, s->chunk, sizeof s->chunk);
	p->away = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
	if (n <= 0 && !p->away)
		return;
	if (n <= 0)
		peer_end(p);
	else if (p->port)
		feed_port(p, s->chunk, (size_t)n);
	else
		server_feed(p, s->chunk, (size_t)n);
}

/*
 * A host that talked to the agent before us on this port is not told by anybody that that one is gone: a GOAWAY
 * frame makes it begin anew at once, and not when it has waited long enough for an answer.
 */
static void
say_goodbye(struct peer *p)
{
	static const char goaway[] = "\0\0\x08\x07\0\0\0\0\0" "\0\0\0\0\0\0\0";

	if (write(p->w.fd, goaway, sizeof goaway) < 0)
		p->away = true;
}

static struct peer *
peer_new(struct server *s, int fd, bool port)
{
	struct peer *p = xcalloc(1, sizeof *p);

	p->server = s;
	p->w = (struct watch){ .fd = fd, .ready = peer_ready };
	p->port = port;
	p->next = s->peers;
	s->peers = p;
	s->n++;
	if (port)
		say_goodbye(p);
	else
		peer_connect(p);
	return p;
}

static void
accept_peer(struct watch *w, uint32_t events)
{
	struct server *s = CONTAINER_OF(w, struct server, listener);
	int fd = accept_host(w->fd, s->vsock);
	struct peer *idle = NULL;

	(void)events;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		loop_watch(s->loop, w, 0);
		loop_timer(s->loop, &s->retry, loop_now() + RETRY_MS);
	}
	if (fd < 0)
		return;
	for (struct peer *p = s->peers; p; p = p->next)
		if (!grpc_streams(p->conn))
			idle = p;
	if (s->n >= SERVER_PEERS_MAX && idle)
		peer_free(idle);
	if (s->n >= SERVER_PEERS_MAX) {
		log_warn("more than %d connections", SERVER_PEERS_MAX);
		close(fd);
		return;
	}
	peer_new(s, fd, false);
}

static void
accept_again(struct timer *t)
{
	struct server *s = CONTAINER_OF(t, struct server, retry);

	loop_watch(s->loop, &s->listener, EPOLLIN);
}

static int
open_listener(struct server *s, const struct server_where *where, struct error *err)
{
	if (where->vsock_port) {
		s->vsock = true;
		s->listener.fd = listen_vsock(where->vsock_port, err);
	} else {
		s->listener.fd = listen_unix(where->socket, where->socket_owner, err);
		s->path = s->listener.fd < 0 ? NULL : xstrdup(where->socket);
	}
	if (s->listener.fd < 0)
		return -1;
	loop_watch(s->loop, &s->listener, EPOLLIN);
	return 0;
}

struct server *
server_new(struct loop *l, struct service *service, const struct server_where *where, struct error *err)
{
	struct server *s = xcalloc(1, sizeof *s);
	int fd = where->virtio_port ? open_virtio_port(where->virtio_port, err) : -1;

	*s = (struct server){ .loop = l, .service = service, .listener = { .fd = -1, .ready = accept_peer },
			      .retry = { .fire = accept_again } };
	if (fd >= 0)
		peer_new(s, fd, true);
	else if (where->virtio_port || open_listener(s, where, err) < 0) {
		free(s);
		return NULL;
	}
	l->idle = pump_all;
	l->ctx = s;
	return s;
}

void
server_free(struct server *s)
{
	if (!s)
		return;
	s->loop->idle = NULL;
	while (s->peers)
		peer_free(s->peers);
	loop_untimer(s->loop, &s->retry);
	if (s->listener.fd >= 0) {
		loop_unwatch(s->loop, &s->listener);
		close(s->listener.fd);
	}
	if (s->path)
		unlink(s->path);
	free(s->path);
	free(s);
}
