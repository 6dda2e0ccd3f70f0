#include "guest/agent/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"

int
loop_init(struct loop *l, struct error *err)
{
	*l = (struct loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	return l->epoll < 0 ? error_errno(err, "epoll") : 0;
}

void
loop_release(struct loop *l)
{
	if (l->epoll >= 0)
		close(l->epoll);
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}

void
loop_watch(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = w };
	int op = !w->events ? EPOLL_CTL_ADD : !events ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

	if (events == w->events)
		return;
	w->events = events;
	if (epoll_ctl(l->epoll, op, w->fd, &e) < 0)
		abort();
}

void
loop_unwatch(struct loop *l, struct watch *w)
{
	loop_watch(l, w, 0);
	for (int i = 0; i < l->batch_n; i++)
		if (l->batch[i].data.ptr == w)
			l->batch[i].data.ptr = NULL;
}

uint64_t
loop_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void
loop_timer(struct loop *l, struct timer *t, uint64_t at_ms)
{
	t->at_ms = at_ms;
	if (t->armed)
		return;
	t->armed = true;
	t->next = l->timers;
	l->timers = t;
}

void
loop_timer_by(struct loop *l, struct timer *t, uint64_t at_ms)
{
	if (!t->armed || at_ms < t->at_ms)
		loop_timer(l, t, at_ms);
}

void
loop_untimer(struct loop *l, struct timer *t)
{
	for (struct timer **p = &l->timers; t->armed && *p; p = &(*p)->next)
		if (*p == t) {
			*p = t->next;
			break;
		}
	t->armed = false;
}

static struct timer *
loop_earliest(const struct loop *l)
{
	struct timer *first = l->timers;

	for (struct timer *t = first; t; t = t->next)
		if (t->at_ms < first->at_ms)
			first = t;
	return first;
}

/* Fires what is due; returns how long to wait for the next. */
static int
run_timers(struct loop *l)
{
	for (;;) {
		struct timer *t = loop_earliest(l);
		uint64_t now;

		if (!t)
			return -1;
		now = loop_now();
		if (t->at_ms > now)
			return t->at_ms - now > INT_MAX ? INT_MAX : (int)(t->at_ms - now);
		loop_untimer(l, t);
		t->fire(t);
	}
}

int
loop_run(struct loop *l, struct error *err)
{
	while (!l->stop) {
		int wait = run_timers(l), n;

		if (l->idle)
			l->idle(l->ctx);
		/* A timer may have stopped us: only look then */
		n = epoll_wait(l->epoll, l->batch, ARRAY_LEN(l->batch), l->stop ? 0 : wait);

		if (n < 0 && errno != EINTR)
			return error_errno(err, "epoll");
		l->batch_n = n;
		for (int i = 0; i < n; i++) {
			struct watch *w = l->batch[i].data.ptr;

			if (w)
				w->ready(w, l->batch[i].events);
		}
		l->batch_n = 0;
	}
	return 0;
}
