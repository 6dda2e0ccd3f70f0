/*
 * guest/wire/grpc.h - gRPC over HTTP/2 without TLS, one connection, either side of it.
 *
 * It does no input or output of its own: feed it the bytes that came
 * (grpc_feed), and send what it has for the other side (grpc_output, grpc_sent).
 * So it runs under epoll, libuv, a test or a fuzzer. Whoever calls anything here sends
 * what grpc_output() has afterwards, and again after the transport took some.
 *
 * One thread per connection. Callbacks come from inside grpc_feed(),
 * grpc_output() and grpc_conn_free(); they may call anything of a stream, and
 * grpc_call(), but not these three.
 *
 * The other side is hostile. What it can make us hold is bounded: `limits`, and
 * for each stream the window (64 KiB; 1 MiB for up to GRPC_WIDE streams that
 * are drained quickly). What we queue for it is the caller's to bound, by
 * grpc_queued() and the `drained` callback.
 *
 * Facts about upstream's peer that shape this (reference: agents, 2.4): its
 * client sends an empty :authority, so nghttp2's checks of HTTP rules are off and
 * replaced by our own; its server sends no response headers before the first
 * message; a unary call is a stream with one message each way.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct grpc_conn;
struct grpc_stream;
struct iovec;

#define GRPC_FRAME (32 << 10)	/* the largest frame either way: what one stream may put between two of others */

/* The status codes of gRPC that we use ourselves. */
enum grpc_code {
	GRPC_OK = 0,
	GRPC_CANCELLED = 1,
	GRPC_UNKNOWN = 2,
	GRPC_INVALID = 3,
	GRPC_EXHAUSTED = 8,
	GRPC_ABORTED = 10,
	GRPC_UNIMPLEMENTED = 12,
	GRPC_INTERNAL = 13,
	GRPC_UNAVAILABLE = 14,	/* also: the connection is lost */
};

struct grpc_status {
	int code;
	char text[256];		/* printable; "" */
};

/* What happens to a stream. Any may be NULL. */
struct grpc_stream_ops {
	/* A whole message, valid during the call. */
	void (*message)(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len);
	/* Server only: the client will send no more messages. */
	void (*end)(void *ctx, struct grpc_stream *s);
	/* What was queued went down to GRPC_LOW after it had been above GRPC_HIGH. */
	void (*drained)(void *ctx, struct grpc_stream *s);
	/*
	 * The other side, or the connection, has ended it, and `s` is gone; a client sees the server's
	 * status. The last callback, once; never after grpc_finish() or grpc_reset().
	 */
	void (*closed)(void *ctx, const struct grpc_status *why);
};

/* Bytes queued in one stream: stop producing above the one, resume at the other. */
#define GRPC_HIGH (128 << 10)
#define GRPC_LOW (32 << 10)
#define GRPC_WIDE 16

struct grpc_limits {
	size_t message_max;	/* of one message from the other side; longer: the stream ends with GRPC_EXHAUSTED */
	size_t partial_max;	/* of all messages that have come in part, over the connection; the same */
	unsigned streams_max;	/* at once. The client is refused more, grpc_call() makes no more */
};

/*
 * A server's side of a new call. It has to call grpc_accept(), or grpc_finish().
 * `method` is the path, "/Service/Method", NUL-terminated, printable.
 */
typedef void grpc_call_fn(void *ctx, struct grpc_stream *s, const char *method);

struct grpc_conn *grpc_client_new(const struct grpc_limits *limits);
struct grpc_conn *grpc_server_new(const struct grpc_limits *limits, grpc_call_fn *call, void *ctx);
/* Every stream gets its `closed` with GRPC_UNAVAILABLE and `why` ("" will do). NULL is allowed. */
void grpc_conn_free(struct grpc_conn *c, const char *why);

/* -1: the other side broke the protocol; send what there is (a GOAWAY), then free. */
int grpc_feed(struct grpc_conn *c, const void *p, size_t len, struct error *err);
/* Bytes to send, 0: none for now. Valid until the next call of anything here but grpc_sent(). */
size_t grpc_output(struct grpc_conn *c, const uint8_t **p);
void grpc_sent(struct grpc_conn *c, size_t len);
/* Whatever is read from now on is in vain: a rule was broken, or both said goodbye. Free it once the output is sent. */
bool grpc_done(const struct grpc_conn *c);
size_t grpc_streams(const struct grpc_conn *c);

/* Client: a new call; NULL if there are streams_max, or the other side takes no more calls. `ops` must live as long as the stream. */
struct grpc_stream *grpc_call(struct grpc_conn *c, const char *method, const struct grpc_stream_ops *ops, void *ctx);
/* Server: takes the call. */
void grpc_accept(struct grpc_stream *s, const struct grpc_stream_ops *ops, void *ctx);

/* Queues one message, given in pieces. Never refused. */
void grpc_send(struct grpc_stream *s, const struct iovec *v, int n);
size_t grpc_queued(const struct grpc_stream *s);
/* Client: no more messages after those queued. Twice is once. */
void grpc_end(struct grpc_stream *s);
/* Server: the status, to be sent after what is queued. No callback comes any more; `s` is gone for the caller. */
void grpc_finish(struct grpc_stream *s, int code, const char *text);
/* Ends it at once, whatever is queued. No callback comes any more; `s` is gone for the caller. */
void grpc_reset(struct grpc_stream *s);
/*
 * While paused, the other side may send as much as the window still holds, which
 * is delivered as ever, and no more. Whoever cannot pass on data as fast
 * as it comes pauses, keeps that little, and resumes.
 */
void grpc_pause(struct grpc_stream *s, bool paused);
