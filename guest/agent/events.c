#include "guest/agent/events.h"

#include <stdlib.h>
#include <sys/uio.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "guest/agent/boot_marks.h"
#include "guest/agent/log.h"
#include "guest/agent/service.h"
#include "guest/wire/ga_msg.h"
#include "guest/wire/grpc.h"

struct watching {
	struct portwatcher watcher;
	struct service_peer *peer;
	struct grpc_stream *s;
	struct ga_ports told;
	bool snapshot;		/* the next event is one */
	bool waits;		/* for the last event to be sent */
	bool forgets;		/* the host knows snapshots */
	struct boot_watcher boot;
	bool boots;		/* it wants to know of the boot */
	bool boot_news;		/* ... and does not know yet how far that is */
};

static void
send_event(struct watching *w, struct ga_event *ev)
{
	AUTO(buf) b = BUF_INIT;

	clock_gettime(CLOCK_REALTIME, &ev->time);
	ev->boots = w->boot_news;
	if (ev->boots)
		ev->boot = *boot_marks_now(w->peer->service->boot);
	ga_event_put(&b, ev);
	grpc_send(w->s, &(struct iovec){ b.s, b.len }, 1);
	ga_ports_copy(&w->told, portwatch_ports(w->peer->service->ports));
	w->snapshot = w->boot_news = false;
}

/* Says what is new, unless the host has not read the last. */
static void
agent_events_tell(struct watching *w)
{
	const struct ga_ports *now = portwatch_ports(w->peer->service->ports);
	AUTO(ga_event) ev = { .flags = w->snapshot ? GA_EVENT_SNAPSHOT : 0 };

	w->waits = grpc_queued(w->s) > GRPC_HIGH;
	if (w->waits)
		return;
	ga_ports_diff(&w->told, now, &ev.added, &ev.removed);
	if (ev.added.n || ev.removed.n || ev.flags || w->boot_news)
		send_event(w, &ev);
}

/* All there is, as `added`; the first event of a stream. */
static void
tell_all(struct watching *w, const struct ga_ports *before)
{
	const struct ga_ports *now = portwatch_ports(w->peer->service->ports);
	AUTO(ga_event) ev = { .flags = w->snapshot ? GA_EVENT_SNAPSHOT : 0 };
	AUTO(ga_ports) added = { 0 };

	ga_ports_copy(&ev.added, now);
	if (!w->snapshot)
		ga_ports_diff(before, now, &added, &ev.removed);
	if (ev.added.n || ev.removed.n || ev.flags || w->boot_news)
		send_event(w, &ev);
}

static void
agent_events_changed(struct portwatcher *watcher)
{
	agent_events_tell(CONTAINER_OF(watcher, struct watching, watcher));
}

static void
agent_events_boot(struct boot_watcher *watcher)
{
	struct watching *w = CONTAINER_OF(watcher, struct watching, boot);

	w->boot_news = true;
	agent_events_tell(w);
}

static void
agent_events_save(struct service *s, const struct ga_ports *told)
{
	AUTO(buf) b = BUF_INIT;
	struct error err;

	if (ga_ports_equal(told, &s->told))
		return;
	ga_ports_copy(&s->told, told);
	ga_info_put(&b, &(struct ga_info){ .ports = s->told });
	if (s->state && fs_write(s->state, b.s, b.len, 0644, &err) < 0)
		log_warn("%s", err.msg);
}

static void
agent_events_on_closed(void *ctx, const struct grpc_status *why)
{
	struct watching *w = ctx;

	(void)why;
	portwatch_remove(w->peer->service->ports, &w->watcher);
	if (w->boots)
		boot_marks_remove(w->peer->service->boot, &w->boot);
	w->peer->calls--;
	if (!w->forgets)
		agent_events_save(w->peer->service, &w->told);
	ga_ports_release(&w->told);
	free(w);
}

static void
agent_events_on_drained(void *ctx, struct grpc_stream *s)
{
	struct watching *w = ctx;

	(void)s;
	if (w->waits)
		agent_events_tell(w);
}

void
events_accept(struct service_peer *peer, struct grpc_stream *s, uint32_t flags)
{
	static const struct grpc_stream_ops ops = { .drained = agent_events_on_drained, .closed = agent_events_on_closed };
	struct watching *w = xcalloc(1, sizeof *w);

	w->watcher.changed = agent_events_changed;
	w->peer = peer;
	w->s = s;
	w->snapshot = w->forgets = flags & GA_WATCH_SNAPSHOT;
	w->boots = w->boot_news = (flags & GA_WATCH_BOOT) && peer->service->boot;
	w->boot.changed = agent_events_boot;
	grpc_accept(s, &ops, w);
	if (w->boots)
		boot_marks_add(peer->service->boot, &w->boot);
	portwatch_look(peer->service->ports);
	tell_all(w, &peer->service->told);
	portwatch_add(peer->service->ports, &w->watcher);
}

void
events_load(struct service *s)
{
	AUTO(buf) b = BUF_INIT;
	AUTO(ga_info) info = { 0 };
	struct error err;

	if (!s->state || fs_read_if(s->state, &b, 4 << 20, &err) <= 0)
		return;
	if (ga_info_get(&info, b.s, b.len, &err) < 0)
		return;
	ga_ports_copy(&s->told, &info.ports);
}
