/*
 * guest/wire/ga_client.h - the host's side of one connection to a guest agent, ours or upstream's.
 *
 * It does no input or output, knows no clock and starts no thread: the host agent
 * owns the connection (a socket, an SSH channel, a virtio port), its
 * timeouts, and what comes of the answers. A connection's life:
 *
 *	c = ga_client_new(&ops, ctx);
 *	ga_client_get_info(c, &err);		the agent is alive when the answer comes
 *	ga_client_watch(c, &err);		from then on events
 *	for (;;) {
 *		send ga_client_output() bytes, tell ga_client_sent();
 *		read bytes, ga_client_feed() them; on -1, end of file or ga_client_done(): break
 *	}
 *	ga_client_free(c, "why");
 *
 * with libuv:
 *
 *	static void flush(struct link *l)	// after EVERY call of anything below
 *	{
 *		const uint8_t *p;
 *		size_t n = ga_client_output(l->client, &p);
 *
 *		if (!n || l->writing)
 *			return;
 *		l->writing = n;			// p stays valid until ga_client_sent()...
 *		uv_write(&l->req, l->stream, &(uv_buf_t){ (char *)p, n }, 1, on_written);
 *	}
 *	on_written: ga_client_sent(l->client, l->writing); l->writing = 0; flush(l);
 *	on_read:    ga_client_feed(l->client, buf, nread, &err), then flush(l)
 *
 * (...as long as ga_client_output() is not called meanwhile: hence `l->writing` is to be
 * checked before it, or the bytes copied.)
 *
 * Callbacks come from inside ga_client_feed(), ga_client_output() and ga_client_free().
 * They may call anything here but these three. One thread.
 *
 * The guest is hostile: every message is checked, texts are made printable and cut,
 * lists are bounded (GA_PORTS_MAX), messages too (4 MiB, 16 MiB of unfinished ones), and a
 * tunnel delivers at most its window (1 MiB at the most) beyond a ga_tunnel_pause(). What
 * it may still do is to send much: count events, and ga_client_pause_events() when
 * they come faster than anybody can use them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/wire/ga_msg.h"
#include "guest/wire/grpc.h"

struct error;
struct ga_client;
struct ga_tunnel;

/* What comes back. Any may be NULL; pointers are valid during the call. */
struct ga_client_ops {
	/* Answer to ga_client_get_info(): `info`, or NULL and why not (otherwise `why` is NULL). */
	void (*info)(void *ctx, const struct ga_info *info, const struct grpc_status *why);
	/*
	 * Ports came or went. With GA_EVENT_SNAPSHOT in ev->flags `added` is all there is:
	 * forget the rest. Upstream's agent never sets it; it sends differences to
	 * what it told whoever watched before, so take the beginning from GetInfo.
	 */
	void (*event)(void *ctx, const struct ga_event *ev);
	/* The stream of events ended: by the agent, by a message that made no sense, with the connection. */
	void (*watch_ended)(void *ctx, const struct grpc_status *why);
	/* Answer to ga_client_sync_time(), or NULL and why not. */
	void (*time)(void *ctx, const struct ga_time_answer *answer, const struct grpc_status *why);
};

struct ga_client *ga_client_new(const struct ga_client_ops *ops, void *ctx);
/* Everything under way is ended with GRPC_UNAVAILABLE and `why` ("" will do). NULL is allowed. */
void ga_client_free(struct ga_client *c, const char *why);

/* -1: the agent broke the protocol: send what is left if you like, then free. */
int ga_client_feed(struct ga_client *c, const void *p, size_t len, struct error *err);
/* Bytes to send, 0: none for now; valid until the next call of anything but ga_client_sent(). */
size_t ga_client_output(struct ga_client *c, const uint8_t **p);
void ga_client_sent(struct ga_client *c, size_t len);
/* Whatever is read from now on is in vain: free it once the output is sent. */
bool ga_client_done(const struct ga_client *c);

/*
 * Calls. -1: too many at once, or the agent takes no more. Each of them may be under
 * way once only (-1, EBUSY): a second GetInfo before the answer to the first says nothing new.
 */
int ga_client_get_info(struct ga_client *c, struct error *err);
int ga_client_watch(struct ga_client *c, struct error *err);
int ga_client_sync_time(struct ga_client *c, const struct timespec *now, struct error *err);
/*
 * Tells the guest that `path`, absolute and of the guest, changed at `mtime`
 * (mountInotify). No answer. EAGAIN: the agent is slow to take them; drop it.
 */
int ga_client_inotify(struct ga_client *c, const char *path, const struct timespec *mtime, struct error *err);
/* While paused, events stay with the agent, but for the few that are under way. */
void ga_client_pause_events(struct ga_client *c, bool paused);

/* What the agent said that it can do, of enum ga_feature; 0 before the first answer to GetInfo, and with upstream's. */
uint32_t ga_client_features(const struct ga_client *c);

/*
 * A UNIX socket in the guest that leads here, owned by `uid`; only of an agent with GA_LISTEN. `accepted` gives a number
 * for each connection, to be taken up soon by ga_tunnel_open(c, "accepted", NUMBER); first it is 0: the socket is there.
 */
struct ga_reverse_ops {
	void (*accepted)(void *ctx, uint64_t id);
	/* It is over, and nobody listens there any more: why. None after ga_reverse_close(). */
	void (*closed)(void *ctx, const struct grpc_status *why);
};
struct ga_reverse;
struct ga_reverse *ga_reverse_open(struct ga_client *c, const char *path, uint32_t uid, const struct ga_reverse_ops *ops, void *ctx,
			     struct error *err);
void ga_reverse_close(struct ga_reverse *d);

/*
 * Tunnels: a connection to something in the guest, over this connection.
 *
 * `proto` is "tcp", "udp" or "unix", `addr` what to connect to as the guest sees it:
 * "127.0.0.1:80", "[::1]:80", "/run/docker.sock" (or "accepted", see above). There is no news of success:
 * data may be sent at once, and a failure comes as `closed` with the agent's text.
 * With "udp" one call is one datagram, in both directions.
 */
struct ga_tunnel_ops {
	void (*data)(void *ctx, const uint8_t *p, size_t len);
	/* The guest's service closed its sending side; it may still read. Never from an agent without GA_HALF_CLOSE. */
	void (*eof)(void *ctx);
	/* Go on sending, after ga_tunnel_send() had returned false. */
	void (*drained)(void *ctx);
	/* It is over, and `t` gone: GRPC_OK, or why. The last callback; none after ga_tunnel_close(). */
	void (*closed)(void *ctx, const struct grpc_status *why);
};

/* NULL with err: too many at once, or the connection is ending. `ops` must outlive the tunnel. */
struct ga_tunnel *ga_tunnel_open(struct ga_client *c, const char *proto, const char *addr,
				 const struct ga_tunnel_ops *ops, void *ctx, struct error *err);
/* Queues all of it. False: enough for now; stop reading (uv_read_stop) until `drained`. Drop datagrams instead. */
bool ga_tunnel_send(struct ga_tunnel *t, const void *p, size_t len);
/*
 * No more data from us, go on reading. False if the agent cannot do that (it would end
 * the tunnel, and the answer be lost): nothing was sent then, and the caller
 * decides how long he waits for an answer before he closes.
 */
bool ga_tunnel_shutdown(struct ga_tunnel *t);
/* At most the window more is delivered until resumed: for when the local side does not read. */
void ga_tunnel_pause(struct ga_tunnel *t, bool paused);
/* Ends it now, both ways; `t` is gone. For a tunnel whose sent data must arrive: shutdown, and wait for `closed`. */
void ga_tunnel_close(struct ga_tunnel *t);
