/*
 * hostagent/forward/transport.h - a way into the guest for one connection.
 *
 * There are several (each a file, carry_*.c), of which a connection takes the best
 * that is there (forward_tcp.c). A carrier has one user, who gets its callbacks
 * from the loop, never from inside of the function that made it; from within any of them it may
 * be closed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agent;
struct place;

struct carrier_user {
	void (*open)(void *ctx);	/* not for one that was `ready` from the start */
	void (*data)(void *ctx, const char *p, size_t len);
	void (*eof)(void *ctx);		/* the guest sends no more; it may still read */
	void (*drained)(void *ctx);	/* go on writing */
	/* It is over, and the carrier gone. `unopened`: nothing of the connection has been there: another way may do. */
	void (*closed)(void *ctx, bool unopened);
};

struct carrier;
struct carrier_ops {
	bool (*write)(struct carrier *c, const char *p, size_t len);
	bool (*shutdown)(struct carrier *c);
	void (*pause)(struct carrier *c, bool paused);
	void (*close)(struct carrier *c);
};

struct carrier {
	const struct carrier_ops *ops;
	const struct carrier_user *user;
	void *ctx;
	bool ready;		/* may be written to */
};

/* Takes all of it; false: no more until `drained`. Only once it is ready. */
static inline bool
carrier_write(struct carrier *c, const char *p, size_t len)
{
	return c->ops->write(c, p, len);
}
/* No more will be written. False: the other side cannot be told, and is to be closed when it says nothing for a while. */
static inline bool
carrier_shutdown(struct carrier *c)
{
	return c->ops->shutdown(c);
}
/* While paused, little more comes: what is on its way. */
static inline void
carrier_pause(struct carrier *c, bool paused)
{
	c->ops->pause(c, paused);
}
/* Both ways, at once; no callback comes any more. */
static inline void
carrier_close(struct carrier *c)
{
	c->ops->close(c);
}

/* NULL: there is no such way just now. */
typedef struct carrier *carrier_new(struct agent *a, const struct place *to, const struct carrier_user *user, void *ctx);
carrier_new carry_ssh;		/* a channel of the SSH connection; waits for it while there is none */
carrier_new carry_tunnel;	/* a tunnel of the guest agent's */
/* What has connected to a socket in the guest (reverse.c). */
struct carrier *carry_accepted(struct agent *a, uint64_t id, const struct carrier_user *user, void *ctx);
