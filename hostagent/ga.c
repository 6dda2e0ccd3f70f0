/*
 * hostagent/ga.c - the connection to the guest agent, on its virtio port.
 *
 * The port takes what is sent before there is anybody in the guest, who gets it then: so
 * one question is asked, and its answer is the news that the agent is alive. That an
 * agent has gone is told by nobody: one of ours says so when it comes back (its port begins
 * with a GOAWAY frame), any other by not answering. The clock's question is the pulse.
 *
 * The forwards stay while it is away, and are compared with what there is when it is back.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "guest/wire/ga_client.h"
#include "hostagent/agent.h"

enum {
	SOON_MS = 50,
	AGAIN_MS = 1000,
	PULSE_MS = 10000,
	LATE_MS = 500,		/* an answer that took so long has set a clock by yesterday's news */
	SILENT_MS = 20000,	/* an agent that does not answer that long hangs */
};

/* One connection. It outlives its turn until libuv has closed it. */
struct link {
	uv_pipe_t pipe;
	uv_connect_t connect;
	uv_write_t write;
	struct ga *ga;		/* NULL: given up */
	struct ga_client *client;
	size_t writing;
	bool feeding;		/* inside of the client */
	bool again;		/* ... where it was found to be of no more use */
};

struct ga {
	struct agent *agent;
	struct link *link;
	bool alive, was_alive;
	unsigned failures;
	uint64_t asked;		/* when, without an answer; 0: all is answered */
	bool again;		/* a second time, since the first answer came late */
	bool stale;		/* ... and what time it was then is of no use any more */
	uv_timer_t retry, pulse;
	int open;
};

static void start_over(struct ga *g, const char *why);

struct ga_client *
ga_alive(struct agent *a)
{
	return a->ga && a->ga->alive && a->ga->link ? a->ga->link->client : NULL;
}

static void
on_link_closed(uv_handle_t *h)
{
	free(h);
}

static void
drop(struct ga *g, const char *why)
{
	struct link *l = g->link;

	g->link = NULL;
	g->alive = false;
	g->asked = 0;
	g->stale = g->again = false;
	uv_timer_stop(&g->pulse);
	if (!l)
		return;
	l->ga = NULL;
	uv_close((uv_handle_t *)&l->pipe, on_link_closed);
	ga_client_free(steal(l->client), why);
}

static void flush(struct link *l);

static void
on_written(uv_write_t *w, int status)
{
	struct link *l = w->data;

	if (!l->ga)
		return;
	ga_client_sent(l->client, l->writing);
	l->writing = 0;
	if (status < 0)
		start_over(l->ga, uv_strerror(status));
	else
		flush(l);
}

static void
flush(struct link *l)
{
	const uint8_t *p;
	size_t n;

	if (l->feeding)
		return;
	while (!l->writing && (n = ga_client_output(l->client, &p))) {
		uv_buf_t b = uv_buf_init((char *)(uintptr_t)p, (unsigned)n);
		int done = uv_try_write((uv_stream_t *)&l->pipe, &b, 1);

		if (done > 0) {
			ga_client_sent(l->client, (size_t)done);
			continue;
		}
		l->writing = n;
		l->write.data = l;
		if (uv_write(&l->write, (uv_stream_t *)&l->pipe, &b, 1, on_written) < 0)
			l->writing = 0;
		return;
	}
}

void
ga_flush(struct agent *a)
{
	if (a->ga && a->ga->link)
		flush(a->ga->link);
}

void
ga_pause_events(struct agent *a, bool paused)
{
	struct error e;

	if (!a->ga || !a->ga->link)
		return;
	ga_client_pause_events(a->ga->link->client, paused);
	/* what was passed over meanwhile */
	if (!paused && a->ga->alive)
		(void)ga_client_get_info(a->ga->link->client, &e);
	flush(a->ga->link);
}

static void
on_retry(uv_timer_t *t)
{
	start_over(t->data, NULL);
}

/* From within a callback of the client, who must not be freed there. */
static void
give_up(struct ga *g, const char *why)
{
	if (g->was_alive)
		log_warning("guest agent: %s", why);
	g->link->again = true;
}

static void
pulse(struct ga *g)
{
	struct timespec now;
	struct error e;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ga_client_sync_time(g->link->client, &now, &e) == 0 && !g->asked)
		g->asked = uv_now(&g->agent->loop);
}

void
ga_sync_clock(struct agent *a)
{
	struct ga *g = a->ga;

	if (!g || !g->alive || !g->link)
		return;
	g->stale = g->asked;
	pulse(g);
	flush(g->link);
}

static void
on_pulse(uv_timer_t *t)
{
	struct ga *g = t->data;

	if (g->asked && uv_now(&g->agent->loop) - g->asked >= SILENT_MS) {
		log_warning("guest agent: it does not answer: forwards go by SSH until it does");
		start_over(g, "it does not answer");
		return;
	}
	pulse(g);
	flush(g->link);
}

static void
on_info(void *ctx, const struct ga_info *info, const struct grpc_status *why)
{
	struct ga *g = ctx;
	struct error e;

	if (!g->link)	/* it ends with the connection */
		return;
	if (!info) {
		give_up(g, why->text);
		return;
	}
	if (g->alive) {
		ports_all(g->agent, &info->ports);
		return;
	}
	log_info("guest agent%s%s is running", *info->version ? " " : "", info->version);
	g->alive = g->was_alive = true;
	g->failures = 0;
	ports_all(g->agent, &info->ports);
	if (ga_client_watch(g->link->client, &e) < 0) {
		give_up(g, e.msg);
		return;
	}
	pulse(g);
	uv_timer_start(&g->pulse, on_pulse, PULSE_MS, PULSE_MS);
	forwards_agent_up(g->agent);
	require_agent_up(g->agent);
}

static void
on_event(void *ctx, const struct ga_event *ev)
{
	struct ga *g = ctx;

	if (*ev->errors)
		log_warning("guest agent: %s", ev->errors);
	if (ev->flags & GA_EVENT_SNAPSHOT)
		ports_all(g->agent, &ev->added);
	else
		ports_changed(g->agent, &ev->added, &ev->removed);
}

static void
on_watch_ended(void *ctx, const struct grpc_status *why)
{
	struct ga *g = ctx;

	if (g->link)
		give_up(g, *why->text ? why->text : "it ended");
}

static void
on_time(void *ctx, const struct ga_time_answer *answer, const struct grpc_status *why)
{
	struct ga *g = ctx;
	bool late = g->asked && uv_now(&g->agent->loop) - g->asked >= LATE_MS;

	g->asked = 0;
	if (why)
		log_debug("guest agent: time: %s", why->text);
	else if (*answer->error)
		log_warning("the guest's clock is off by %lld ms: %s", (long long)answer->drift_ms, answer->error);
	else if (answer->adjusted)
		log_info("the guest's clock was off by %lld ms: set", (long long)answer->drift_ms);
	/* once more, and not for ever: a slow guest is the next pulse's */
	if (!why && g->link && (g->stale || (late && answer->adjusted && !g->again))) {
		g->again = late;
		g->stale = false;
		pulse(g);
	} else {
		g->again = false;
	}
}

static void
on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct link *l = h->data;

	(void)size;
	*b = l->ga ? uv_buf_init(l->ga->agent->chunk, sizeof l->ga->agent->chunk) : uv_buf_init(NULL, 0);
}

static void
on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct link *l = s->data;
	struct error e = { .msg = "it began anew" };
	int r;

	if (!l->ga || n == 0)
		return;
	if (n < 0) {
		start_over(l->ga, n == UV_EOF ? "QEMU closed its port" : uv_strerror((int)n));
		return;
	}
	l->feeding = true;
	r = ga_client_feed(l->client, b->base, (size_t)n, &e);
	l->feeding = false;
	if (!l->ga)
		return;
	flush(l);
	if (r < 0 || l->again || ga_client_done(l->client))
		start_over(l->ga, e.msg);
}

static void
on_connect(uv_connect_t *c, int status)
{
	struct link *l = c->data;
	struct error e;

	if (!l->ga)
		return;
	if (status == 0)
		status = uv_read_start((uv_stream_t *)&l->pipe, on_alloc, on_read);
	if (status < 0) {
		start_over(l->ga, uv_strerror(status));
		return;
	}
	if (ga_client_get_info(l->client, &e) < 0)
		start_over(l->ga, e.msg);
	else
		flush(l);
}

static void
connect_port(struct ga *g)
{
	static const struct ga_client_ops ops = {
		.info = on_info, .event = on_event, .watch_ended = on_watch_ended, .time = on_time,
	};
	struct link *l = g->link = xcalloc(1, sizeof *l);

	l->ga = g;
	l->client = ga_client_new(&ops, g);
	uv_pipe_init(&g->agent->loop, &l->pipe, 0);
	l->pipe.data = l->connect.data = l;
	uv_pipe_connect(&l->connect, &l->pipe, g->agent->launch.guest.agent_socket, on_connect);
}

/* `why` NULL: now. Otherwise what there is goes, and the next try is made a little later. */
static void
start_over(struct ga *g, const char *why)
{
	if (!why) {
		connect_port(g);
		return;
	}
	log_debug("guest agent: %s", why);
	drop(g, why);
	uv_timer_start(&g->retry, on_retry, g->failures++ ? AGAIN_MS : SOON_MS, 0);
}

void
ga_reconnect(struct agent *a, const char *why)
{
	if (a->ga && a->ga->link)
		start_over(a->ga, why);
}

void
ga_start(struct agent *a)
{
	struct ga *g;

	if (!*a->launch.guest.agent_socket)
		return;
	g = a->ga = xcalloc(1, sizeof *g);
	g->agent = a;
	g->open = 2;
	uv_timer_init(&a->loop, &g->retry);
	uv_timer_init(&a->loop, &g->pulse);
	g->retry.data = g->pulse.data = g;
	connect_port(g);
}

static void
on_closed(uv_handle_t *h)
{
	struct ga *g = h->data;

	if (--g->open == 0)
		free(g);
}

void
ga_free(struct agent *a)
{
	struct ga *g = a->ga;

	if (!g)
		return;
	drop(g, "the machine stops");
	a->ga = NULL;
	uv_close((uv_handle_t *)&g->retry, on_closed);
	uv_close((uv_handle_t *)&g->pulse, on_closed);
}
