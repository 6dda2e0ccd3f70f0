#include "cli/view/watch_text.h"

#include <stdarg.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/jsonspan.h"
#include "base/mem.h"

struct telling {
	struct buf *out;
	struct arena arena;
	const char *instance, *time;
	struct json_span status;
};

static void
watch_text_tell(struct telling *t, const char *fmt, ...)
{
	va_list ap;

	buf_addf(t->out, "%s %s | ", t->time, t->instance);
	va_start(ap, fmt);
	buf_vaddf(t->out, fmt, ap);
	va_end(ap);
	buf_addc(t->out, '\n');
}

static const char *
watch_text_text(struct telling *t, const char *path)
{
	return json_text(&t->arena, json_at(t->status, path));
}

static void
watch_text_tell_state(struct telling *t)
{
	struct json_span errors = json_at(t->status, "errors"), e;
	long long port = json_int(json_at(t->status, "sshLocalPort"), 0);
	size_t at = 0;

	if (json_true(json_at(t->status, "running")))
		watch_text_tell(t, json_true(json_at(t->status, "degraded")) ? "running (degraded)" : "running");
	if (json_true(json_at(t->status, "exiting")))
		watch_text_tell(t, "exiting");
	if (port)
		watch_text_tell(t, "ssh available on port %lld", port);
	while ((e = json_each(errors, &at, NULL)).p)
		watch_text_tell(t, "error: %s", json_text(&t->arena, e));
}

static void
tell_cloud_init(struct telling *t)
{
	const char *line = watch_text_text(t, "cloudInitProgress.logLine");

	if (json_true(json_at(t->status, "cloudInitProgress.completed")))
		watch_text_tell(t, "cloud-init completed");
	else if (*line)
		watch_text_tell(t, "cloud-init: %s", line);
}

static void
tell_forward(struct telling *t)
{
	const char *type = watch_text_text(t, "portForward.type"), *proto = watch_text_text(t, "portForward.protocol");
	const char *guest = watch_text_text(t, "portForward.guestAddr");

	if (strcmp(type, "forwarding") == 0)
		watch_text_tell(t, "forwarding %s %s to %s", proto, guest, watch_text_text(t, "portForward.hostAddr"));
	else if (strcmp(type, "not-forwarding") == 0)
		watch_text_tell(t, "not forwarding %s %s", proto, guest);
	else if (strcmp(type, "stopping") == 0)
		watch_text_tell(t, "stopping forwarding %s %s", proto, guest);
	else if (strcmp(type, "failed") == 0)
		watch_text_tell(t, "failed to forward %s %s: %s", proto, guest, watch_text_text(t, "portForward.error"));
}

static void
tell_vsock(struct telling *t)
{
	const char *type = watch_text_text(t, "vsock.type");

	if (strcmp(type, "started") == 0)
		watch_text_tell(t, "started vsock forwarder: %s -> vsock:%s", watch_text_text(t, "vsock.hostAddr"), watch_text_text(t, "vsock.vsockPort"));
	else if (strcmp(type, "skipped") == 0)
		watch_text_tell(t, "skipped vsock forwarder: %s", watch_text_text(t, "vsock.reason"));
	else if (strcmp(type, "failed") == 0)
		watch_text_tell(t, "failed to start vsock forwarder: %s", watch_text_text(t, "vsock.reason"));
}

void
watch_text(struct buf *out, const char *instance, const char *event)
{
	struct telling t = { .out = out, .instance = instance };
	struct json_span e = json_span_of(event);
	char *time = json_text(&t.arena, json_at(e, "time"));

	/* 2026-08-21T18:27:58.123+09:00: the clock of whoever wrote it, to the second */
	if (strlen(time) > 19)
		time[19] = '\0';
	if (strlen(time) > 10)
		time[10] = ' ';
	t.time = time;
	t.status = json_at(e, "status");
	watch_text_tell_state(&t);
	tell_cloud_init(&t);
	tell_forward(&t);
	tell_vsock(&t);
	arena_release(&t.arena);
}
