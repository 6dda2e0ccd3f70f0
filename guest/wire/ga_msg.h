/*
 * guest/wire/ga_msg.h - the messages between host agent and guest agent.
 *
 * Fields 1 to 15 are upstream's (lima-vm/lima: pkg/guestagent/api/guestservice.proto).
 * Fields from 100 on are ours. Either side skips what it does not know, so
 * nothing of ours is relied upon before the other side has said that it knows it:
 *
 *	Info.features (100)		what the guest agent can do: enum ga_feature
 *	Info.version (101)		of its program
 *	Empty.flags (100)		of GetEvents' request: enum ga_watch_flag
 *	Event.flags (100)		enum ga_event_flag
 *	Event.boot (102)		how far its boot is: struct ga_boot
 *	TunnelMessage.flags (100)	enum ga_tunnel_flag
 *	Listen				a method: sockets of the guest that lead to the host (struct ga_listen)
 *
 * put functions append a message to a buf, get functions take hostile bytes, allocate
 * nothing (but for port lists) and point into them. -1: damaged, or beyond a limit.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "guest/wire/ga_port.h"

struct buf;
struct error;

#define GA_METHOD_INFO "/GuestService/GetInfo"
#define GA_METHOD_EVENTS "/GuestService/GetEvents"
#define GA_METHOD_INOTIFY "/GuestService/PostInotify"
#define GA_METHOD_TUNNEL "/GuestService/Tunnel"
#define GA_METHOD_TIME "/GuestService/SyncTime"
#define GA_METHOD_LISTEN "/GuestService/Listen"

#define GA_TUNNEL_EXEC "exec"	/* the protocol of a tunnel to a command (exec_frame.h) */

enum ga_feature {
	GA_HALF_CLOSE = 1 << 0,		/* Tunnel: either direction ends by itself */
	GA_SNAPSHOT = 1 << 1,		/* GetEvents: begins with all ports */
	GA_LISTEN = 1 << 2,		/* Listen, and tunnels to what was accepted there */
	GA_BOOT = 1 << 3,		/* GetEvents: how far the guest's boot is */
	GA_EXEC = 1 << 4,		/* Tunnel: commands; only told where only the host asks */
};

enum ga_watch_flag {
	GA_WATCH_SNAPSHOT = 1 << 0,	/* the first event shall be all ports, marked as such */
	GA_WATCH_BOOT = 1 << 1,		/* and from then on one for each change of the boot */
};

enum ga_event_flag {
	GA_EVENT_SNAPSHOT = 1 << 0,	/* `added` is all there is: what is not in it is gone */
};

enum ga_tunnel_flag {
	GA_TUNNEL_HALF_CLOSE = 1 << 0,	/* host, first message: I understand GA_TUNNEL_EOF */
	GA_TUNNEL_EOF = 1 << 1,		/* guest: no more data from me, but go on */
};

/* Bytes of a message; not NUL-terminated. */
struct ga_bytes {
	const uint8_t *p;
	size_t len;
};

struct ga_info {
	struct ga_ports ports;
	uint32_t features;		/* 0: upstream's agent */
	char version[64];		/* "", or printable */
};
void ga_info_release(struct ga_info *m);
void ga_info_put(struct buf *b, const struct ga_info *m);
int ga_info_get(struct ga_info *out, const void *p, size_t len, struct error *err);

/* What the boot scripts have left in /run: which instance it is that they were through with, and what went wrong. All printable. */
struct ga_boot {
	char session[64];		/* whose users may log in; "" */
	char done[64];			/* who has booted, "" */
	char errors[1024];		/* a line each, without the last line's end; "" */
};

struct ga_event {
	struct timespec time;		/* of the guest's clock */
	struct ga_ports added, removed;
	uint32_t flags;			/* enum ga_event_flag */
	char errors[512];		/* printable, one after the other; "" */
	bool boots;			/* `boot` is told */
	struct ga_boot boot;
};
void ga_event_release(struct ga_event *m);
void ga_event_put(struct buf *b, const struct ga_event *m);
int ga_event_get(struct ga_event *out, const void *p, size_t len, struct error *err);

void ga_watch_put(struct buf *b, uint32_t flags);
int ga_watch_get(uint32_t *flags, const void *p, size_t len, struct error *err);

struct ga_inotify {
	struct ga_bytes path;
	struct timespec time;
};
void ga_inotify_put(struct buf *b, const char *path, const struct timespec *time);
int ga_inotify_get(struct ga_inotify *out, const void *p, size_t len, struct error *err);

struct ga_tunnel_msg {
	struct ga_bytes id, proto, data, addr;
	uint32_t flags;
};
void ga_tunnel_put(struct buf *b, const struct ga_tunnel_msg *m);
int ga_tunnel_get(struct ga_tunnel_msg *out, const void *p, size_t len, struct error *err);

void ga_time_put(struct buf *b, const struct timespec *host);
int ga_time_get(struct timespec *host, const void *p, size_t len, struct error *err);

struct ga_time_answer {
	bool adjusted;
	int64_t drift_ms;		/* guest minus host, before the adjustment */
	char error[256];		/* printable; "" */
};
void ga_time_answer_put(struct buf *b, const struct ga_time_answer *m);
int ga_time_answer_get(struct ga_time_answer *out, const void *p, size_t len, struct error *err);

/*
 * Listen: the host asks for a UNIX socket in the guest, of that user and of mode 0600, for as long as the call lasts. The guest
 * answers with the number 0 when it listens, and then with one for each connection, which the host takes up
 * with a tunnel of the protocol "accepted" to that number.
 */
struct ga_listen {
	struct ga_bytes path;
	uint32_t uid;
};
void ga_listen_put(struct buf *b, const struct ga_listen *m);
int ga_listen_get(struct ga_listen *out, const void *p, size_t len, struct error *err);
void ga_accepted_put(struct buf *b, uint64_t id);
int ga_accepted_get(uint64_t *id, const void *p, size_t len, struct error *err);

/* Text from the other side as somebody may print it: cut, everything but printable ASCII a '?'. */
void ga_printable(char *out, size_t size, const void *p, size_t len);
