#include "guest/agent/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "guest/agent/events.h"
#include "guest/agent/log.h"
#include "guest/wire/ga_msg.h"
#include "guest/wire/grpc.h"
#include "version.h"

#define DRIFT_MAX_MS 100

/* A call under way that is no tunnel. */
struct call {
	struct service_peer *peer;
	void (*message)(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len);
};

static int
get_clock(struct timespec *now)
{
	return clock_gettime(CLOCK_REALTIME, now);
}

static int
set_clock(const struct timespec *now)
{
	return clock_settime(CLOCK_REALTIME, now);
}

const struct service_clock service_real_clock = { get_clock, set_clock };

static void
call_free(struct call *c)
{
	c->peer->calls--;
	free(c);
}

static void
service_answer(struct call *c, struct grpc_stream *s, const struct buf *b)
{
	grpc_send(s, &(struct iovec){ b->s, b->len }, 1);
	grpc_finish(s, GRPC_OK, "");
	call_free(c);
}

static void
service_refuse(struct call *c, struct grpc_stream *s, const struct error *err)
{
	grpc_finish(s, GRPC_INVALID, err->msg);
	call_free(c);
}

static void
service_get_info(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_info info = { .features = GA_HALF_CLOSE | GA_SNAPSHOT | GA_LISTEN | (c->peer->service->boot ? GA_BOOT : 0) |
							    (c->peer->trusted ? GA_EXEC : 0), .version = LIMA_VERSION };
	AUTO(buf) b = BUF_INIT;

	(void)p, (void)len;
	info.ports = *portwatch_look(c->peer->service->ports);
	ga_info_put(&b, &info);
	service_answer(c, s, &b);
}

static void
get_events(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct service_peer *peer = c->peer;
	struct error err;
	uint32_t flags;

	if (ga_watch_get(&flags, p, len, &err) < 0) {
		service_refuse(c, s, &err);
		return;
	}
	free(c);
	events_accept(peer, s, flags);
}

static int64_t
to_ms(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

static void
sync_time(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	const struct service_clock *clock = c->peer->service->clock;
	struct ga_time_answer a = { 0 };
	struct timespec host, now;
	AUTO(buf) b = BUF_INIT;
	struct error err;

	if (ga_time_get(&host, p, len, &err) < 0) {
		service_refuse(c, s, &err);
		return;
	}
	clock->get(&now);
	a.drift_ms = to_ms(&now) - to_ms(&host);
	if (a.drift_ms > DRIFT_MAX_MS || a.drift_ms < -DRIFT_MAX_MS) {
		if (clock->set(&host) < 0) {
			snprintf(a.error, sizeof a.error, "%s", strerror(errno));
			log_warn("set the clock: %s", a.error);
		} else {
			a.adjusted = true;
			log_info("clock set to the host's, from which it differed by %lld ms", (long long)a.drift_ms);
		}
	}
	ga_time_answer_put(&b, &a);
	service_answer(c, s, &b);
}

/* Sets a file's times to the host's, which its watchers in the guest notice. What is not there is none of our business. */
static void
service_touch(const struct ga_inotify *m)
{
	auto_free char *path = xstrndup((const char *)m->path.p, m->path.len);
	const struct timespec times[2] = { m->time, m->time };

	if (path[0] != '/' || strlen(path) != m->path.len || m->path.len >= 4096 || strstr(path, "/../")) {
		log_debug("file event: not an absolute path");
		return;
	}
	if (utimensat(AT_FDCWD, path, times, 0) < 0 && errno != ENOENT)
		log_debug("file event: %s: %s", path, strerror(errno));
}

static void
post_inotify(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct ga_inotify m;
	struct error err;

	if (ga_inotify_get(&m, p, len, &err) < 0)
		service_refuse(c, s, &err);
	else if (m.path.len)
		service_touch(&m);
}

static void
service_on_message(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct call *c = ctx;

	c->message(c, s, p, len);
}

static void
service_on_end(void *ctx, struct grpc_stream *s)
{
	struct call *c = ctx;
	AUTO(buf) empty = BUF_INIT;

	/* A call without its message ends like this; so does PostInotify. */
	if (c->message == post_inotify) {
		service_answer(c, s, &empty);
	} else {
		grpc_finish(s, GRPC_INVALID, "no message");
		call_free(c);
	}
}

static void
service_on_closed(void *ctx, const struct grpc_status *why)
{
	(void)why;
	call_free(ctx);
}

static void
on_call(void *ctx, struct grpc_stream *s, const char *method)
{
	static const struct grpc_stream_ops ops = { .message = service_on_message, .end = service_on_end, .closed = service_on_closed };
	static const struct {
		const char *method;
		void (*message)(struct call *c, struct grpc_stream *s, const uint8_t *p, size_t len);
	} methods[] = {
		{ GA_METHOD_INFO, service_get_info }, { GA_METHOD_EVENTS, get_events }, { GA_METHOD_INOTIFY, post_inotify },
		{ GA_METHOD_TIME, sync_time },
	};
	struct service_peer *peer = ctx;
	struct call *c;

	if (!strcmp(method, GA_METHOD_TUNNEL)) {
		tunnel_accept(&peer->service->tunnels, s, peer->trusted);
		return;
	}
	if (!strcmp(method, GA_METHOD_LISTEN)) {
		reverse_listen_accept(&peer->service->reverse, s);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (strcmp(method, methods[i].method) != 0)
			continue;
		if (peer->calls >= SERVICE_CALLS_MAX) {
			grpc_finish(s, GRPC_EXHAUSTED, "too many calls at once");
			return;
		}
		peer->calls++;
		c = xcalloc(1, sizeof *c);
		*c = (struct call){ .peer = peer, .message = methods[i].message };
		grpc_accept(s, &ops, c);
		return;
	}
	grpc_finish(s, GRPC_UNIMPLEMENTED, "no such method");
}

struct grpc_conn *
service_connect(struct service_peer *peer)
{
	static const struct grpc_limits limits = {
		.message_max = 256 << 10,	/* a datagram, or upstream's chunks of 32 KiB */
		.partial_max = 4 << 20,
		.streams_max = 2048,		/* as upstream's agent announces */
	};

	return grpc_server_new(&limits, on_call, peer);
}

void
service_init(struct service *s, struct loop *l, struct portwatch *ports, const char *state)
{
	s->ports = ports;
	s->clock = &service_real_clock;
	s->told = (struct ga_ports){ 0 };
	s->state = state;
	s->boot = NULL;
	reverse_listen_init(&s->reverse, l);
	tunnels_init(&s->tunnels, l, &s->reverse);
	events_load(s);
}

void
service_release(struct service *s)
{
	tunnels_release(&s->tunnels);
	reverse_listen_release(&s->reverse);
	ga_ports_release(&s->told);
}
