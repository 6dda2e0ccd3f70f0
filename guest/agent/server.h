/*
 * guest/agent/server.h - where the host connects: a unix socket, a vsock port or a virtio port.
 *
 * Up to SERVER_PEERS_MAX connections at once; one more replaces the oldest that has
 * no call under way, or is refused. A virtio port is a single
 * connection without a beginning or an end: when the host goes or what comes is no
 * HTTP/2, everything on it is dropped, and the next client preface begins anew.
 */
#pragma once
#include "guest/agent/loop.h"

struct error;
struct server;
struct service;

#define SERVER_PEERS_MAX 16

struct server_where {
	const char *virtio_port;	/* name in /dev/virtio-ports, or a path; or NULL */
	unsigned vsock_port;		/* or 0 */
	const char *socket;		/* otherwise this path, mode 0600, */
	unsigned socket_owner;		/* of this user; 0: root */
};

/* Sets l->idle, so that what the service has to say is sent. */
struct server *server_new(struct loop *l, struct service *service, const struct server_where *where, struct error *err);
/* Ends all connections; a unix socket's name goes. */
void server_free(struct server *s);
