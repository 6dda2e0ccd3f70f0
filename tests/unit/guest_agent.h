/*
 * tests/unit/guest_agent.h - the whole guest agent and a host's client of it, in one process and one loop, over a real socket.
 *
 * begin(), then what the client asks, UNTIL something has come of it; end().
 */
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "guest/agent/boot_marks.h"
#include "guest/agent/server.h"
#include "guest/agent/service.h"
#include "guest/wire/ga_client.h"
#include "tests/unit/test.h"

/* Thousands of sockets, of the host, the agent and the services alike. */
__attribute__((constructor)) static void
many_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max < 20000 ? r.rlim_max : 20000;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

struct world {
	struct loop loop;
	struct service *service;
	struct portwatch *ports;
	struct server *server;
	char *path, *state;
	const char *port;		/* a virtio port instead of the socket */
	const char *marks;		/* the folder for those of the boot; NULL: none are told */
	struct timer limit;
	/* the host */
	struct watch w;
	struct ga_client *c;
	struct ga_info info;		/* the last answer */
	unsigned infos, events, watches_ended;
	struct ga_ports known;		/* by events */
	bool snapshot;
	unsigned boots;			/* how often it was told, and what last */
	struct ga_boot boot;
	struct ga_time_answer answer;
	bool answered, lost;
	struct grpc_status why;
};

static struct timespec fake_now, fake_set;

static inline int
get_fake(struct timespec *now)
{
	*now = fake_now;
	return 0;
}

static inline int
set_fake(const struct timespec *now)
{
	if (now->tv_sec < 0) {
		errno = EPERM;
		return -1;
	}
	fake_set = *now;
	return 0;
}

static const struct service_clock fake_clock = { get_fake, set_fake };

static inline void
time_is_up(struct timer *t)
{
	loop_stop(&CONTAINER_OF(t, struct world, limit)->loop);
}

/* What the client has to say goes out, from the loop's hands or the test's. */
static inline void
flush_client(struct world *w)
{
	const uint8_t *p;
	size_t n = 0;

	while (w->c && (n = ga_client_output(w->c, &p))) {
		ssize_t sent = write(w->w.fd, p, n);

		if (sent <= 0)
			break;
		ga_client_sent(w->c, (size_t)sent);
	}
	if (w->c)
		loop_watch(&w->loop, &w->w, EPOLLIN | (n ? EPOLLOUT : 0));
}

static inline void
client_ready(struct watch *watch, uint32_t events)
{
	struct world *w = CONTAINER_OF(watch, struct world, w);
	static char chunk[65536];
	ssize_t n = (events & EPOLLIN) ? read(watch->fd, chunk, sizeof chunk) : -1;

	if (n == 0) {
		w->lost = true;
		loop_unwatch(&w->loop, &w->w);
	} else if (n > 0) {
		w->lost = ga_client_feed(w->c, chunk, (size_t)n, NULL) < 0 || ga_client_done(w->c);
	}
	if (!w->lost)
		flush_client(w);
	loop_stop(&w->loop);	/* something may have changed: let the test look */
}

/* Lets everything work until something happened, 20 ms at the most. */
static inline void
step(struct world *w)
{
	struct error err;

	flush_client(w);
	loop_timer(&w->loop, &w->limit, loop_now() + 20);
	w->loop.stop = false;
	ok(loop_run(&w->loop, &err));
	flush_client(w);
}

/* Until `cond`, which must come about within ten seconds. */
#define UNTIL(w, cond) do { \
	uint64_t until_ = loop_now() + 10000; \
	while (!(cond)) { \
		step(w); \
		if (loop_now() > until_) \
			fail_msg("in vain: %s", #cond); \
	} \
} while (0)

static inline void
on_info(void *ctx, const struct ga_info *info, const struct grpc_status *why)
{
	struct world *w = ctx;

	w->infos++;
	if (!info) {
		w->why = *why;
		return;
	}
	ga_ports_copy(&w->info.ports, &info->ports);
	w->info.features = info->features;
}

static inline void
on_event(void *ctx, const struct ga_event *ev)
{
	struct ga_ports next = { 0 }, dropped = { 0 };
	struct world *w = ctx;

	w->events++;
	w->boots += ev->boots;
	if (ev->boots)
		w->boot = ev->boot;
	if (ev->flags & GA_EVENT_SNAPSHOT) {
		w->snapshot = true;
		w->known.n = 0;
	}
	ga_ports_diff(&ev->removed, &w->known, &next, &dropped);	/* what is known and not removed */
	for (size_t i = 0; i < ev->added.n; i++)
		ga_ports_add(&next, &ev->added.v[i]);
	ga_ports_sort(&next);
	ga_ports_release(&w->known);
	ga_ports_release(&dropped);
	w->known = next;
}

static inline void
on_watch_ended(void *ctx, const struct grpc_status *why)
{
	struct world *w = ctx;

	w->watches_ended++;
	w->why = *why;
}

static inline void
on_time(void *ctx, const struct ga_time_answer *a, const struct grpc_status *why)
{
	struct world *w = ctx;

	w->answered = true;
	if (a)
		w->answer = *a;
	else
		w->why = *why;
}

static inline int
dial_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static inline void
host_take(struct world *w, int fd)
{
	static const struct ga_client_ops ops = { on_info, on_event, on_watch_ended, on_time };

	w->w = (struct watch){ .fd = fd, .ready = client_ready };
	w->lost = false;
	w->c = ga_client_new(&ops, w);
	loop_watch(&w->loop, &w->w, EPOLLIN);
}

static inline void
host_connect(struct world *w)
{
	host_take(w, dial_unix(w->path));
}

static inline void
host_leave(struct world *w)
{
	struct ga_client *c = w->c;

	loop_unwatch(&w->loop, &w->w);
	close(w->w.fd);
	w->c = NULL;
	ga_client_free(c, "left");
}

static inline void
agent_start(struct world *w)
{
	struct server_where where = { .socket = w->path, .virtio_port = w->port };
	struct error err;

	w->service = xcalloc(1, sizeof *w->service);
	w->ports = portwatch_new(&w->loop, 3000);
	service_init(w->service, &w->loop, w->ports, w->state);
	w->service->clock = &fake_clock;
	w->service->boot = w->marks ? boot_marks_new(&w->loop, w->marks) : NULL;
	memset(&err, 0, sizeof err);
	w->server = server_new(&w->loop, w->service, &where, &err);
	assert_string_equal(err.msg, "");
}

static inline void
agent_stop(struct world *w)
{
	server_free(w->server);
	service_release(w->service);
	boot_marks_free(w->service->boot);
	free(w->service);
	portwatch_free(w->ports);
}

static inline void
begin(struct world *w)
{
	struct error err;

	*w = (struct world){ .path = test_path("s"), .state = test_path("ports"), .limit = { .fire = time_is_up } };
	ok(loop_init(&w->loop, &err));
	agent_start(w);
	host_connect(w);
}

/* With the features known, as a host agent would begin. */
static inline void
begin_informed(struct world *w)
{
	struct error err;

	begin(w);
	ok(ga_client_get_info(w->c, &err));
	UNTIL(w, w->infos == 1);
}

static inline void
end(struct world *w)
{
	if (w->c)
		host_leave(w);
	loop_untimer(&w->loop, &w->limit);
	agent_stop(w);
	loop_release(&w->loop);
	ga_ports_release(&w->info.ports);
	ga_ports_release(&w->known);
	unlink(w->state);
	free(w->path);
	free(w->state);
}

/* A socket of the "guest": `*port` 0 takes any. */
static inline int
serve(int family, int type, const char *ip, uint16_t *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(*port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(*port) };
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
	socklen_t len = family == AF_INET ? sizeof four : sizeof six;
	struct sockaddr *a = family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six;

	inet_pton(family, ip, family == AF_INET ? (void *)&four.sin_addr : (void *)&six.sin6_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	assert_int_equal(bind(fd, a, len), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, a, &len), 0);
	*port = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
	return fd;
}

static inline bool
has(const struct ga_ports *l, const char *proto, const char *ip, unsigned port)
{
	struct ga_port p;

	assert_true(ga_port_parse(&p, proto, strlen(proto), ip, strlen(ip), port));
	for (size_t i = 0; i < l->n; i++)
		if (!memcmp(&l->v[i], &p, sizeof p))
			return true;
	return false;
}
