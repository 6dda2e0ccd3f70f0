/*
 * hostagent/forward/transport.h - a way into the guest for one connection.
 *
 * There are several (each a file, transport_*.c), of which a connection takes the best
 * that is there (forward_tcp.c). A transport has one user, who gets its callbacks
 * from the loop, never from inside of the function that made it; from within any of them it may
 * be closed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agent;
struct endpoint;

struct transport_user {
	void (*open)(void *ctx);	/* not for one that was `ready` from the start */
	void (*data)(void *ctx, const char *p, size_t len);
	void (*eof)(void *ctx);		/* the guest sends no more; it may still read */
	void (*drained)(void *ctx);	/* go on writing */
	/* It is over, and the transport gone. `unopened`: nothing of the connection has been there: another way may do. */
	void (*closed)(void *ctx, bool unopened);
};

struct transport;
struct transport_ops {
	bool (*write)(struct transport *c, const char *p, size_t len);
	bool (*shutdown)(struct transport *c);
	void (*pause)(struct transport *c, bool paused);
	void (*close)(struct transport *c);
};

struct transport {
	const struct transport_ops *ops;
	const struct transport_user *user;
	void *ctx;
	bool ready;		/* may be written to */
};

/* Takes all of it; false: no more until `drained`. Only once it is ready. */
static inline bool
transport_write(struct transport *c, const char *p, size_t len)
{
	return c->ops->write(c, p, len);
}
/* No more will be written. False: the other side cannot be told, and is to be closed when it says nothing for a while. */
static inline bool
transport_shutdown(struct transport *c)
{
	return c->ops->shutdown(c);
}
/* While paused, little more comes: what is on its way. */
static inline void
transport_pause(struct transport *c, bool paused)
{
	c->ops->pause(c, paused);
}
/* Both ways, at once; no callback comes any more. */
static inline void
transport_close(struct transport *c)
{
	c->ops->close(c);
}

/* NULL: there is no such way just now. */
typedef struct transport *transport_new(struct agent *a, const struct endpoint *to, const struct transport_user *user, void *ctx);
transport_new transport_ssh;		/* a channel of the SSH connection; waits for it while there is none */
transport_new transport_tunnel;	/* a tunnel of the guest agent's */
/* A command's runner (commands.c). */
struct transport *transport_exec(struct agent *a, const struct transport_user *user, void *ctx);
/* What has connected to a socket in the guest (reverse.c). */
struct transport *transport_accepted(struct agent *a, uint64_t id, const struct transport_user *user, void *ctx);
