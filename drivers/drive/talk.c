/* The connection to the driver. Each call is one message each way, and has its time; only Start's answer is a stream. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "drivers/drive/drive.h"
#include "drivers/wire/driver_msg.h"
#include "providers/sock.h"

enum { TOLD_MOST = 1000 };

static const struct grpc_limits limits = { .message_max = DRIVER_MESSAGE_MAX, .partial_max = DRIVER_MESSAGE_MAX, .streams_max = DRIVE_CALLS + 1 };

int
drive_bounded(const struct drive *d, int ms)
{
	return d->patience_ms && d->patience_ms < ms ? d->patience_ms : ms;
}

/* Somebody else's socket in that place would be one of another user. */
static bool
drive_is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid();
}

void
drive_connect(struct drive *d)
{
	struct error why = { 0 };
	int fd = sock_connect(d->drv_sock, &(struct sock_wait){ .deadline = clock_ms() + 1 }, &why);

	if (fd < 0) {
		if (clock_ms() >= d->connect_by)
			drive_fail(d, "it does not listen on its socket: %s", why.msg);
		return;
	}
	if (!drive_is_ours(fd)) {
		close(fd);
		drive_fail(d, "its socket is another user's");
		return;
	}
	d->fd = fd;
	d->conn = grpc_client_new(&limits);
	drive_connected(d);
}

void
drive_flush(struct drive *d)
{
	const uint8_t *p;
	size_t n;

	while (d->conn && (n = grpc_output(d->conn, &p))) {
		ssize_t sent = send(d->fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		grpc_sent(d->conn, (size_t)sent);
	}
}

void
drive_read(struct drive *d)
{
	struct error why = { .msg = "" };
	static char chunk[64 << 10];
	ssize_t n = read(d->fd, chunk, sizeof chunk);
	int fed;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	fed = n > 0 ? grpc_feed(d->conn, chunk, (size_t)n, &why) : -1;
	if (fed == 0 && !grpc_done(d->conn))
		return;
	if (!d->over && !d->asked_to_stop && !drive_child_gone(d))
		drive_fail(d, "it has ended the connection%s%s", *why.msg ? ": " : "", why.msg);
	drive_hang_up(d);
	/* Without one there is nobody to ask. */
	d->over = true;
}

void
drive_hang_up(struct drive *d)
{
	grpc_conn_free(d->conn, "the connection is over");
	d->conn = NULL;
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

static void
call_free(struct drive_call *c)
{
	buf_release(&c->answer);
	*c = (struct drive_call){ .answer = BUF_INIT };
}

/* The place is free for the next before anybody hears of it. */
static void
call_settle(struct drive_call *c, int code, const char *why)
{
	struct drive_call had = *c;
	struct error e;

	*c = (struct drive_call){ .answer = BUF_INIT };
	if (code != GRPC_OK)
		error_set(&e, code == GRPC_UNIMPLEMENTED ? ERR_UNSUPPORTED : code == GRPC_UNAVAILABLE ? ETIMEDOUT : EIO, "%s: %s", had.method, why);
	else if (had.answers != 1)
		error_set(&e, code = EPROTO, "%s: %s to one question", had.method, had.answers ? "more than one answer" : "no answer");
	had.done(had.d, code ? &e : NULL, (const uint8_t *)had.answer.s, had.answer.len);
	call_free(&had);
}

static void
on_answer(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct drive_call *c = ctx;

	if (c->answers++ == 0) {
		buf_add(&c->answer, p, len);
		return;
	}
	grpc_reset(s);
	call_settle(c, GRPC_OK, "");
}

static void
on_answered(void *ctx, const struct grpc_status *why)
{
	call_settle(ctx, why->code, *why->text ? why->text : "it does not say why");
}

int
drive_call(struct drive *d, const char *method, int ms, const char *arg, size_t len, drive_done *done, struct error *err)
{
	static const struct grpc_stream_ops ops = { .message = on_answer, .closed = on_answered };
	struct drive_call *c = d->calls;
	AUTO(buf) b = BUF_INIT;
	auto_free char *path = xasprintf("/Driver/%s", method);

	while (c < d->calls + DRIVE_CALLS && c->stream)
		c++;
	if (!d->conn || c == d->calls + DRIVE_CALLS)
		return error_set(err, EBUSY, "%s: it is busy", method);
	ms = drive_bounded(d, ms);
	*c = (struct drive_call){ .d = d, .method = method, .ms = ms, .deadline = clock_ms() + ms, .answer = BUF_INIT, .done = done };
	c->stream = grpc_call(d->conn, path, &ops, c);
	if (!c->stream)
		return error_set(err, EBUSY, "%s: it takes no more calls", method);
	driver_msg_put_bytes(&b, arg, len);
	grpc_send(c->stream, &(struct iovec){ b.s, b.len }, 1);
	grpc_end(c->stream);
	return 0;
}

static void
on_told(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct drive *d = ((struct drive_call *)ctx)->d;
	struct error e;
	char why[256];
	bool success;

	(void)s;
	if (d->over)
		return;
	if (driver_msg_start(p, len, &success, why, &e) < 0)
		drive_fail(d, "Start: %s", e.msg);
	else if (++d->told > TOLD_MOST)
		drive_fail(d, "Start: it says more than %d things of one machine", TOLD_MOST);
	else
		drive_heard(d, success, why);
}

static void
on_told_all(void *ctx, const struct grpc_status *why)
{
	struct drive *d = ((struct drive_call *)ctx)->d;
	struct error e;

	d->starting.stream = NULL;
	error_set(&e, EIO, "Start: %s", *why->text ? why->text : "it has ended");
	drive_started(d, why->code == GRPC_OK ? NULL : &e);
}

int
drive_start(struct drive *d, int ms, struct error *err)
{
	static const struct grpc_stream_ops ops = { .message = on_told, .closed = on_told_all };
	struct drive_call *c = &d->starting;

	*c = (struct drive_call){ .d = d, .method = "Start", .ms = drive_bounded(d, ms), .answer = BUF_INIT };
	c->deadline = clock_ms() + c->ms;
	c->stream = grpc_call(d->conn, DRIVER_METHOD("Start"), &ops, c);
	if (!c->stream)
		return error_set(err, EBUSY, "Start: it takes no more calls");
	grpc_send(c->stream, NULL, 0);
	grpc_end(c->stream);
	return 0;
}

void
drive_look_at_calls(struct drive *d)
{
	long long now = clock_ms();

	for (struct drive_call *c = d->calls; c < d->calls + DRIVE_CALLS; c++)
		if (c->stream && now >= c->deadline) {
			auto_free char *why = xasprintf("no answer in %.3g s", c->ms / 1000.0);

			grpc_reset(c->stream);
			call_settle(c, GRPC_UNAVAILABLE, why);
		}
	if (d->starting.stream && !d->told && now >= d->starting.deadline)
		drive_fail(d, "Start: no answer in %.3g s", d->starting.ms / 1000.0);
}
