/*
 * hostagent/machine/clock.c - this host's clock was set, or the host has slept: the guest's is wrong now, and is not left so until the next pulse.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os/clock.h"
#include "hostagent/agent.h"

struct clock {
	struct agent *agent;
	int fd;
	uv_poll_t poll;
	long long slept_ms;	/* since this host was booted */
};

static void
machine_clock_on_change(uv_poll_t *p, int status, int events)
{
	struct clock *c = p->data;
	long long before = c->slept_ms;

	(void)status;
	(void)events;
	if (!os_clock_changed(c->fd))
		return;
	c->slept_ms = os_clock_slept_ms();
	if (c->slept_ms - before >= 1000)
		log_info("this host has slept for %lld s", (c->slept_ms - before) / 1000);
	else
		log_info("this host's clock was set");
	if (os_clock_watch_again(c->fd) < 0) {
		log_warning("clock: %s: the guest's follows within seconds, not at once", strerror(errno));
		uv_poll_stop(p);
	}
	ga_sync_clock(c->agent);
}

void
clock_start(struct agent *a)
{
	struct clock *c = a->clock = xcalloc(1, sizeof *c);

	*c = (struct clock){ .agent = a, .slept_ms = os_clock_slept_ms(), .fd = os_clock_watch() };
	if (c->fd < 0) {
		log_warning("clock: %s: the guest's follows within seconds, not at once", strerror(errno));
		free(c);
		a->clock = NULL;
		return;
	}
	uv_poll_init(&a->loop, &c->poll, c->fd);
	c->poll.data = c;
	uv_poll_start(&c->poll, UV_READABLE, machine_clock_on_change);
}

static void
machine_clock_on_closed(uv_handle_t *h)
{
	struct clock *c = h->data;

	close(c->fd);
	free(c);
}

void
clock_free(struct agent *a)
{
	struct clock *c = a->clock;

	if (!c)
		return;
	a->clock = NULL;
	uv_close((uv_handle_t *)&c->poll, machine_clock_on_closed);
}
