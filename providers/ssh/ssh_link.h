/*
 * providers/ssh/ssh_link.h - an SSH connection that never waits: for an event loop, or for providers/ssh/ssh.h.
 *
 * It works on a socket of the caller's and is moved on by ssh_link_step() when
 * poll(2) says that ssh_link_events() came. libssh2 keeps the state of half-sent
 * packets and half-done requests per session and not per request, which makes
 * its own non-blocking mode a trap for several users of one session. So it
 * gets to see buffers only: what it sends is always taken (callers stop while
 * ssh_link_backlog() is high), one channel is opened at a time, and after each
 * step everything that has arrived is in the queues of its channels.
 *
 * The rule for callers: after a step that returned 1, look at every channel,
 * first reading, then writing; after using channels at another time, ask for
 * ssh_link_events() again. The peer is hostile: what it may keep us holding is
 * SSH_WINDOW bytes a channel, and SSH_HEAP_MAX (ssh_heap.h) in all.
 *
 * Not for several threads at once.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct error;
struct ssh_channel;
struct host_trust;
struct ssh_link;

#define SSH_WINDOW (256 * 1024)
#define SSH_BACKLOG (256 * 1024)	/* callers write no more while more than this waits to be sent */

struct ssh_identity {
	const char *user;
	const char *const *keys;	/* private key files, tried in order; borrowed for the life of the link */
	size_t nkeys;
	const struct host_trust *host;	/* how the other side is recognized (host_key.h); borrowed; NULL: it is not */
};

/* `fd`: a non-blocking stream socket, connected or about to be; the link closes it. `id` is copied, its strings are not. */
struct ssh_link *ssh_link_new(int fd, const struct ssh_identity *id);
/* Its channels die with it; NULL is fine. */
void ssh_link_free(struct ssh_link *l);

/*
 * 1: authenticated, and what has arrived is in its channels' queues; 0: not yet;
 * -1: the connection has ended or never came about: EACCES for a refused key,
 * EKEYREJECTED for a host that is not the guest (nothing of ours was shown to it), ECONNRESET for one that
 * was closed, others.
 */
int ssh_link_step(struct ssh_link *l, struct error *err);
int ssh_link_fd(const struct ssh_link *l);
short ssh_link_events(const struct ssh_link *l);	/* of poll(2) */
size_t ssh_link_backlog(const struct ssh_link *l);
/* Has the other side said anything at all? (A machine accepts connections long before its guest listens.) */
bool ssh_link_spoke(const struct ssh_link *l);

/*
 * Opening: 1 with `*out`; 0: not yet, call again with the same `owner` after the
 * next step; -1: refused by the other side (ECONNREFUSED), or the link is dead.
 * An owner that goes away before says so with ssh_link_forget().
 */
int ssh_channel_session(struct ssh_link *l, const void *owner, struct ssh_channel **out, struct error *err);
int ssh_channel_tcp(struct ssh_link *l, const void *owner, const char *host, int port, struct ssh_channel **out,
		    struct error *err);
int ssh_channel_unix(struct ssh_link *l, const void *owner, const char *path, struct ssh_channel **out,
		     struct error *err);
void ssh_link_forget(struct ssh_link *l, const void *owner);

/* 1: the command runs; 0: not yet, call again with the same arguments; -1 */
int ssh_channel_exec(struct ssh_channel *c, const char *command, struct error *err);
/* Bytes read; 0: none now; -1: the end, or an error, which is the end as well. `stream` 1 is stderr. */
ssize_t ssh_channel_read(struct ssh_channel *c, int stream, void *p, size_t max);
/*
 * Bytes taken; 0: none now; -1: the channel is dead. When fewer than `len` were
 * taken, the next call must begin with the rest, unchanged.
 */
ssize_t ssh_channel_write(struct ssh_channel *c, const void *p, size_t len);
/* No more will be written. 1 done, 0 not yet, -1. */
int ssh_channel_send_eof(struct ssh_channel *c);
/* Has the other side ended its command and closed the channel? Then its exit status (or 128 + signal) is known. */
bool ssh_channel_ended(struct ssh_channel *c);
int ssh_channel_exit_status(struct ssh_channel *c);
/* Closes, in its own time; the channel is the link's from here on. NULL is fine. */
void ssh_channel_close(struct ssh_channel *c);
