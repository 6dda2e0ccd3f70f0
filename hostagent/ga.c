/*
 * hostagent/ga.c - the connection to the guest agent, on its virtio port.
 *
 * The port takes what is sent before there is anybody in the guest, who gets it then: so
 * one question is asked, and its answer is the news that the agent is alive. That an
 * agent has gone is told by nobody: one of ours says so when it comes back (its port begins
 * with a GOAWAY frame), any other by not answering. The clock's question is the pulse.
 *
 * An agent that was stopped may lose what was said meanwhile: whoever gets no answer begins anew. If it was stopped in
 * the middle of a frame, it takes what a connection begins with for the rest of that one: so first that is ended.
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
#include "hostagent/ga_link.h"

enum {
	SOON_MS = 50,
	AGAIN_MS = 1000,
	PULSE_MS = 10000,
	LATE_MS = 500,		/* A reply that took longer is too old to set a clock by. */
	SILENT_MS = 20000,	/* an agent that does not answer that long hangs, or there is none */
};

struct ga {
	struct agent *agent;
	struct ga_link *link;
	bool alive, was_alive;
	unsigned failures;
	uint64_t asked;		/* when, without an answer; 0: all is answered */
	bool again;		/* a second time, since the first answer came late */
	bool stale;		/* ... and what time it was then is of no use any more */
	uint64_t grumbled;	/* when it last told of an error that we wrote down */
	bool silent;		/* nobody has answered on the connections before this one */
	uv_timer_t retry, pulse;
	int open;
};

static void connect_port(struct ga *g);
static void ga_start_over(struct ga *g, const char *why);

struct ga_client *
ga_alive(struct agent *a)
{
	return a->ga && a->ga->alive && a->ga->link ? ga_link_client(a->ga->link) : NULL;
}

static void
ga_drop(struct ga *g, const char *why)
{
	struct ga_link *l = steal(g->link);

	g->alive = false;
	g->asked = 0;
	g->stale = g->again = false;
	uv_timer_stop(&g->pulse);
	if (l)
		ga_link_close(l, why);
}

void
ga_flush(struct agent *a)
{
	if (a->ga && a->ga->link)
		ga_link_flush(a->ga->link);
}

void
ga_pause_events(struct agent *a, bool paused)
{
	struct error e;

	if (!a->ga || !a->ga->link)
		return;
	ga_client_pause_events(ga_link_client(a->ga->link), paused);
	/* Events that came during the pause are asked for now. */
	if (!paused && a->ga->alive)
		(void)ga_client_get_info(ga_link_client(a->ga->link), &e);
	ga_link_flush(a->ga->link);
}

static void
ga_on_retry(uv_timer_t *t)
{
	ga_start_over(t->data, NULL);
}

/* From within a callback of the client, who must not be freed there. */
static void
ga_give_up(struct ga *g, const char *why)
{
	if (g->was_alive)
		log_warning("guest agent: %s", why);
	ga_link_give_up(g->link);
}

static void
ga_pulse(struct ga *g)
{
	struct timespec now;
	struct error e;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ga_client_sync_time(ga_link_client(g->link), &now, &e) == 0 && !g->asked)
		g->asked = uv_now(&g->agent->loop);
}

void
ga_sync_clock(struct agent *a)
{
	struct ga *g = a->ga;

	if (!g || !g->alive || !g->link)
		return;
	g->stale = g->asked;
	ga_pulse(g);
	ga_link_flush(g->link);
}

static void
on_pulse(uv_timer_t *t)
{
	struct ga *g = t->data;

	if (g->asked && uv_now(&g->agent->loop) - g->asked >= SILENT_MS) {
		log_warning("guest agent: it does not answer: forwards go by SSH until it does");
		g->silent = true;
		ga_start_over(g, "it does not answer");
		return;
	}
	ga_pulse(g);
	ga_link_flush(g->link);
}

static void
on_info(void *ctx, const struct ga_info *info, const struct grpc_status *why)
{
	struct ga *g = ctx;
	struct error e;

	if (!g->link)	/* it ends with the connection */
		return;
	if (!info) {
		ga_give_up(g, why->text);
		return;
	}
	require_ports_told(g->agent, &info->ports);
	if (g->alive) {
		ports_all(g->agent, &info->ports);
		return;
	}
	log_info("guest agent%s%s is running", *info->version ? " " : "", info->version);
	g->alive = g->was_alive = true;
	g->silent = false;
	g->failures = 0;
	ports_all(g->agent, &info->ports);
	if (ga_client_watch(ga_link_client(g->link), &e) < 0) {
		ga_give_up(g, e.msg);
		return;
	}
	ga_pulse(g);
	uv_timer_start(&g->pulse, on_pulse, PULSE_MS, PULSE_MS);
	forwards_agent_up(g->agent);
	require_agent_up(g->agent);
	if (!(info->features & GA_BOOT))
		require_untold(g->agent);
}

static void
ga_on_event(void *ctx, const struct ga_event *ev)
{
	struct ga *g = ctx;
	uint64_t now = uv_now(&g->agent->loop);

	if (*ev->errors && now - g->grumbled >= AGAIN_MS) {
		g->grumbled = now;
		log_warning("guest agent: %s", ev->errors);
	}
	require_ports_told(g->agent, &ev->added);
	if (ev->boots)
		require_boot_told(g->agent, &ev->boot);
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
		ga_give_up(g, *why->text ? why->text : "it ended");
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
	/* The clock is set once more only; a guest that stays slow waits for the next pulse. */
	if (!why && g->link && (g->stale || (late && answer->adjusted && !g->again))) {
		g->again = late;
		g->stale = false;
		ga_pulse(g);
	} else {
		g->again = false;
	}
}

/* The question may have been lost in what the agent had not read yet. */
static void
on_silence(uv_timer_t *t)
{
	struct ga *g = t->data;

	g->silent = true;
	ga_drop(g, "nobody answers");
	connect_port(g);
}

static void
on_connected(void *ctx)
{
	struct ga *g = ctx;
	struct error e;

	/* An agent that was never spoken to has nothing to be interrupted in; one that was put aside may have been in anything. */
	if ((g->silent && (g->was_alive || !machine_ours(g->agent))) || (g->agent->launch.machine.resumes && !g->was_alive))
		ga_link_resync(g->link);
	if (ga_client_get_info(ga_link_client(g->link), &e) < 0) {
		ga_start_over(g, e.msg);
		return;
	}
	uv_timer_start(&g->pulse, on_silence, SILENT_MS, 0);
	ga_link_flush(g->link);
}

static void
ga_on_lost(void *ctx, const char *why)
{
	ga_start_over(ctx, why);
}

static void
connect_port(struct ga *g)
{
	static const struct ga_link_user user = { on_connected, ga_on_lost };
	static const struct ga_client_ops ops = {
		.info = on_info, .event = ga_on_event, .watch_ended = on_watch_ended, .time = on_time,
	};
	struct agent *a = g->agent;

	g->link = ga_link_open(&a->loop, a->launch.guest.agent_socket, a->chunk, sizeof a->chunk, &user, &ops, g);
}

/* `why` NULL: now. Otherwise what there is goes, and the next try is made a little later. */
static void
ga_start_over(struct ga *g, const char *why)
{
	if (!why) {
		connect_port(g);
		return;
	}
	log_debug("guest agent: %s", why);
	ga_drop(g, why);
	uv_timer_start(&g->retry, ga_on_retry, g->failures++ ? AGAIN_MS : SOON_MS, 0);
}

void
ga_reconnect(struct agent *a, const char *why)
{
	if (a->ga && a->ga->link)
		ga_start_over(a->ga, why);
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
ga_on_closed(uv_handle_t *h)
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
	ga_drop(g, "the machine stops");
	a->ga = NULL;
	uv_close((uv_handle_t *)&g->retry, ga_on_closed);
	uv_close((uv_handle_t *)&g->pulse, ga_on_closed);
}
