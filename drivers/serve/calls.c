/* What is asked of a driver of ours, a row each. Most answers come at once; Start's and Stop's wait for the machine's end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "drivers/serve/serve_impl.h"
#include "drivers/wire/driver_msg.h"

enum { BUTTON_MS = 180000, QUIT_MS = 10000 };

/* One call, until it is answered. */
struct asked {
	struct server *server;
	const struct answerer *by;
	struct grpc_stream *stream;
	bool answered;
};

/* Its argument, and its answer. */
typedef int answer_fn(struct server *s, const char *arg, size_t len, struct buf *out, struct error *err);

static void
serve_say(struct grpc_stream *stream, const struct buf *b)
{
	grpc_send(stream, &(struct iovec){ b->s, b->len }, 1);
}

static void
say_start(struct grpc_stream *stream, bool success, const char *why)
{
	AUTO(buf) b = BUF_INIT;

	driver_msg_put_start(&b, success, why);
	serve_say(stream, &b);
}

static int
answer_nothing(struct server *s, const char *arg, size_t len, struct buf *out, struct error *err)
{
	(void)s, (void)arg, (void)len, (void)out, (void)err;
	return 0;
}

static int
answer_info(struct server *s, const char *arg, size_t len, struct buf *out, struct error *err)
{
	AUTO(buf) json = BUF_INIT;

	(void)arg, (void)len, (void)err;
	s->ops->info(s->ctx, s->dir, &json);
	driver_msg_put_bytes(out, json.s, json.len);
	return 0;
}

static int
answer_configure(struct server *s, const char *arg, size_t len, struct buf *out, struct error *err)
{
	AUTO(buf) filled = BUF_INIT;

	if (s->ops->configure(s->ctx, arg, len, &filled, err) < 0)
		return -1;
	driver_msg_put_bytes(out, filled.s, filled.len);
	return 0;
}

static int
answer_validate(struct server *s, const char *arg, size_t len, struct buf *out, struct error *err)
{
	(void)arg, (void)len, (void)out;
	return s->ops->validate(s->ctx, err);
}

static int
answer_create_disk(struct server *s, const char *arg, size_t len, struct buf *out, struct error *err)
{
	(void)arg, (void)len, (void)out;
	return s->ops->create_disk ? s->ops->create_disk(s->ctx, err) : 0;
}

static int
answer_address(struct server *s, const char *arg, size_t len, struct buf *out, struct error *err)
{
	(void)s, (void)arg, (void)len, (void)err;
	driver_msg_put_bytes(out, "127.0.0.1", strlen("127.0.0.1"));
	return 0;
}

static int
no_snapshots(struct error *err)
{
	return error_set(err, ERR_UNSUPPORTED, "this driver takes no snapshots");
}

static int
answer_list(struct server *s, const char *arg, size_t len, struct buf *out, struct error *err)
{
	AUTO(buf) list = BUF_INIT;

	(void)arg, (void)len;
	if (!s->ops->snapshots)
		return no_snapshots(err);
	if (s->ops->snapshots(s->ctx, &list, err) < 0)
		return -1;
	driver_msg_put_bytes(out, list.s, list.len);
	return 0;
}

static int
snapshot_asked(struct server *s, enum snapshot_verb verb, const char *arg, size_t len, struct error *err)
{
	auto_free char *tag = xasprintf("%.*s", (int)len, arg);

	return s->ops->snapshot ? s->ops->snapshot(s->ctx, verb, tag, err) : no_snapshots(err);
}

static int
answer_save(struct server *s, const char *arg, size_t len, struct buf *out, struct error *err)
{
	(void)out;
	return snapshot_asked(s, SNAPSHOT_SAVE, arg, len, err);
}

static int
answer_load(struct server *s, const char *arg, size_t len, struct buf *out, struct error *err)
{
	(void)out;
	return snapshot_asked(s, SNAPSHOT_LOAD, arg, len, err);
}

static int
answer_delete(struct server *s, const char *arg, size_t len, struct buf *out, struct error *err)
{
	(void)out;
	return snapshot_asked(s, SNAPSHOT_DELETE, arg, len, err);
}

static const struct answerer {
	const char *method;
	answer_fn *answer;	/* NULL: Start, Stop */
} answerers[] = {
	{ "Info", answer_info }, { "Configure", answer_configure }, { "Validate", answer_validate }, { "Create", answer_nothing },
	{ "CreateDisk", answer_create_disk }, { "Start", NULL }, { "Stop", NULL }, { "Delete", answer_nothing }, { "BootScripts", answer_nothing },
	{ "AdditionalSetupForSSH", answer_nothing }, { "SSHAddress", answer_address }, { "ForwardGuestAgent", answer_nothing },
	{ "GuestAgentConn", answer_nothing }, { "ListSnapshots", answer_list }, { "CreateSnapshot", answer_save },
	{ "ApplySnapshot", answer_load }, { "DeleteSnapshot", answer_delete },
};

static int
serve_code(const struct error *e)
{
	return e->code == ERR_UNSUPPORTED ? GRPC_UNIMPLEMENTED : GRPC_UNKNOWN;
}

/* False: it has been refused, and the stream is gone. */
static bool
begin_start(struct server *s, struct asked *a)
{
	struct error e;

	if (s->machine.pid)
		error_set(&e, EEXIST, "the machine runs already");
	else if (s->ops->start(s->ctx, &s->machine, &e) == 0) {
		s->starting = a;
		say_start(a->stream, true, "");
		return true;
	}
	say_start(a->stream, false, e.msg);
	grpc_finish(a->stream, GRPC_INTERNAL, e.msg);
	return false;
}

static bool
begin_stop(struct server *s, struct asked *a)
{
	AUTO(buf) empty = BUF_INIT;
	struct error e;

	if (!s->machine.pid) {
		serve_say(a->stream, &empty);
		grpc_finish(a->stream, GRPC_OK, "");
		return false;
	}
	if (s->stopping) {
		grpc_finish(a->stream, GRPC_ABORTED, "it is being stopped already");
		return false;
	}
	s->stopping = a;
	s->quit_at = clock_ms() + BUTTON_MS;
	if (s->ops->press_button(s->ctx, &e) < 0) {
		fprintf(stderr, "power button: %s\n", e.msg);
		serve_machine_quit(s);
	}
	return true;
}

void
serve_machine_quit(struct server *s)
{
	struct error e;

	s->quit_at = 0;
	s->kill_at = clock_ms() + QUIT_MS;
	if (s->machine.pid && s->ops->quit(s->ctx, &e) < 0)
		process_signal(&s->machine, SIGTERM, NULL);
}

static void
serve_finish_call(struct asked **a)
{
	if (*a)
		grpc_finish((*a)->stream, GRPC_OK, "");
	free(*a);
	*a = NULL;
}

void
serve_machine_ended(struct server *s, int status)
{
	AUTO(buf) empty = BUF_INIT;
	char why[64];

	s->quit_at = s->kill_at = 0;
	if (s->stopping)
		serve_say(s->stopping->stream, &empty);
	else if (s->starting && status) {
		snprintf(why, sizeof why, WIFSIGNALED(status) ? "the machine was ended by signal %d" : "the machine has ended, exit status %d",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		say_start(s->starting->stream, false, why);
	}
	if (s->starting)
		say_start(s->starting->stream, true, "");
	serve_finish_call(&s->starting);
	serve_finish_call(&s->stopping);
}

static void
on_asked(void *ctx, struct grpc_stream *stream, const uint8_t *p, size_t len)
{
	struct asked *a = ctx;
	AUTO(buf) out = BUF_INIT;
	const char *arg;
	size_t n;
	struct error e;

	if (a->answered)
		return;
	a->answered = true;
	if (!a->by->answer) {
		if (!(strcmp(a->by->method, "Start") ? begin_stop : begin_start)(a->server, a))
			free(a);
		return;
	}
	if (driver_msg_bytes(p, len, &arg, &n, &e) < 0 || a->by->answer(a->server, arg, n, &out, &e) < 0) {
		fprintf(stderr, "%s: %s\n", a->by->method, e.msg);
		grpc_finish(stream, serve_code(&e), e.msg);
	} else {
		serve_say(stream, &out);
		grpc_finish(stream, GRPC_OK, "");
	}
	free(a);
}

/* A client that gives up on Start wants the machine gone. */
static void
on_given_up(void *ctx, const struct grpc_status *why)
{
	struct asked *a = ctx;

	(void)why;
	if (a == a->server->starting) {
		a->server->starting = NULL;
		serve_machine_quit(a->server);
	} else if (a == a->server->stopping) {
		a->server->stopping = NULL;
	}
	free(a);
}

void
serve_call(void *ctx, struct grpc_stream *stream, const char *method)
{
	static const struct grpc_stream_ops ops = { .message = on_asked, .closed = on_given_up };
	static const char service[] = DRIVER_METHOD("");
	struct serve_peer *peer = ctx;
	struct server *s = peer->server;
	struct asked *a;

	if (s->ops->misbehave && s->ops->misbehave(s->ctx, stream, strrchr(method, '/') + 1))
		return;
	for (size_t i = 0; i < ARRAY_LEN(answerers); i++) {
		if (strncmp(method, service, sizeof service - 1) != 0 || strcmp(method + sizeof service - 1, answerers[i].method) != 0)
			continue;
		a = xcalloc(1, sizeof *a);
		*a = (struct asked){ .server = s, .by = &answerers[i], .stream = stream };
		grpc_accept(stream, &ops, a);
		return;
	}
	grpc_finish(stream, GRPC_UNIMPLEMENTED, "no such method");
}
