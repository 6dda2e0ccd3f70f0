/*
 * providers/ssh/ssh_link_inner.h - a link and its channels from the inside, shared by the parts; users include ssh_link.h.
 *
 *	ssh_link.c     the session: bytes to and from the socket, handshake, keys, its end
 *	ssh_channel.c  channels on it: opened one at a time, read, written, closed
 */
#pragma once
#include <libssh2.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "providers/ssh/ssh_heap.h"
#include "providers/ssh/ssh_link.h"
#include "providers/ssh/ssh_session.h"

enum {
	IN_MAX = 64 << 10,	/* read from the socket and not yet by libssh2 */
	PACKET = 32768,
};

struct ssh_channel {
	struct ssh_link *link;
	LIBSSH2_CHANNEL *ch;
	struct ssh_channel *next;
	bool dying;		/* closed by us, and not yet by the other side */
};

/* The one opening that is under way: libssh2 has room for one. */
struct opening {
	const void *owner;	/* NULL: gone; what comes of it is closed at once */
	const char *type;	/* NULL: none */
	char *message;
	size_t message_len;
};

struct ssh_link {
	int fd;
	struct ssh_identity id;
	enum { CONNECTING, HANDSHAKE, AUTH, READY } phase;
	LIBSSH2_SESSION *session;
	struct ssh_heap heap;	/* the session's */
	size_t key;		/* the one being tried */
	struct buf in, out;
	size_t in_pos;
	bool spoke, eof, dead;
	int dead_errno;
	struct opening open;
	struct ssh_channel *channels;
};

/* --- ssh_link.c */
int ssh_link_fail(struct ssh_link *l, const char *doing, struct error *err);
/* Channels that we closed are freed once the other side has closed them as well. */
void ssh_link_bury(struct ssh_link *l);

/* --- ssh_channel.c */
int ssh_channel_open_go_on(struct ssh_link *l, struct ssh_channel **out, struct error *err);
