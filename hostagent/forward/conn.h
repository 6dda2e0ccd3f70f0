/*
 * hostagent/forward/conn.h - one connection: a stream of the host's on one side, a way into the guest (transport.h) on the other.
 *
 * Half-closing works both ways, and a slow reader on either side slows the other down. It
 * lives in the list of whoever made it, and ends by itself.
 */
#pragma once
#include <stdbool.h>
#include <uv.h>

struct agent;
struct transport;
struct conn;
struct endpoint;

/* Who makes them. */
struct conn_list {
	struct agent *agent;
	struct conn *first;
	size_t n;
	void (*gone)(struct conn_list *l);	/* one has gone, and is out of the list */
};

/* With a stream that is not connected yet. */
struct conn *conn_new(struct conn_list *l, bool tcp);
uv_stream_t *conn_stream(struct conn *c);
/* The stream is connected: to the best way there is, waiting for one a while. */
void conn_dial(struct conn *c, const struct endpoint *to);
/* The same to a way that its owner has: what conn_user() and `c` were given for. NULL: it came to nothing. */
void conn_use(struct conn *c, struct transport *way);
extern const struct transport_user conn_user;
/* The host's side does not close by halves: when it has no more to say, it is gone. */
void conn_ends_whole(struct conn *c);
void conn_close(struct conn *c);
void conn_close_all(struct conn_list *l);
