/*
 * hostagent/machine/clock.c - this host's clock was set, or the host has slept: the guest's is wrong now, and is not left so until the next pulse.
 *
 * The kernel tells both by ending a timer that is to ring at an hour of the clock
 * (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). It never rings otherwise.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "hostagent/agent.h"

struct clock {
	struct agent *agent;
	int fd;
	uv_poll_t poll;
	long long slept_ms;	/* since this host was booted */
};

static long long
machine_clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* The one goes on while the host sleeps, the other does not. */
static long long
machine_clock_slept(void)
{
	return machine_clock_ms(CLOCK_BOOTTIME) - machine_clock_ms(CLOCK_MONOTONIC);
}

static int
machine_clock_arm(struct clock *c)
{
	struct itimerspec never = { .it_value.tv_sec = INT_MAX };

	/* The clock may be set once more in between, which the kernel tells, too. */
	while (timerfd_settime(c->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0)
		if (errno != ECANCELED)
			return -1;
	return 0;
}

static void
machine_clock_on_change(uv_poll_t *p, int status, int events)
{
	struct clock *c = p->data;
	unsigned long long rung;
	long long before = c->slept_ms;

	(void)status;
	(void)events;
	if (read(c->fd, &rung, sizeof rung) >= 0 || errno != ECANCELED)
		return;
	c->slept_ms = machine_clock_slept();
	if (c->slept_ms - before >= 1000)
		log_info("this host has slept for %lld s", (c->slept_ms - before) / 1000);
	else
		log_info("this host's clock was set");
	if (machine_clock_arm(c) < 0) {
		log_warning("clock: %s: the guest's follows within seconds, not at once", strerror(errno));
		uv_poll_stop(p);
	}
	ga_sync_clock(c->agent);
}

void
clock_start(struct agent *a)
{
	struct clock *c = a->clock = xcalloc(1, sizeof *c);

	*c = (struct clock){ .agent = a, .slept_ms = machine_clock_slept(), .fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC) };
	if (c->fd < 0 || machine_clock_arm(c) < 0) {
		log_warning("clock: %s: the guest's follows within seconds, not at once", strerror(errno));
		if (c->fd >= 0)
			close(c->fd);
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
