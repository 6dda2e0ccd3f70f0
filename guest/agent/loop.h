/*
 * guest/agent/loop.h - descriptors and timers, on one epoll.
 *
 * Watches and timers are part of what they serve; nothing is allocated. Either may
 * be removed, and its memory freed, from inside any callback.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

struct error;

#define CONTAINER_OF(p, type, member) ((type *)(void *)((char *)(p) - offsetof(type, member)))

struct watch {
	int fd;
	uint32_t events;	/* as epoll knows them; 0: not watched */
	void (*ready)(struct watch *w, uint32_t events);
};

struct timer {
	uint64_t at_ms;		/* of loop_now() */
	struct timer *next;
	bool armed;
	void (*fire)(struct timer *t);
};

struct loop {
	int epoll;
	struct timer *timers;	/* few, in no order */
	bool stop;
	/* Called before each wait, when all that was ready has been served: the place to send what that produced. */
	void (*idle)(void *ctx);
	void *ctx;
	struct epoll_event batch[32];
	int batch_n;
};

int loop_init(struct loop *l, struct error *err);
void loop_release(struct loop *l);
/* Until loop_stop(). */
int loop_run(struct loop *l, struct error *err);
void loop_stop(struct loop *l);

/* Watches w->fd for `events` (EPOLLIN, ...) from now on; 0: no longer. Only memory can make it fail. */
void loop_watch(struct loop *l, struct watch *w, uint32_t events);
/* Before the descriptor is closed. */
void loop_unwatch(struct loop *l, struct watch *w);

uint64_t loop_now(void);	/* milliseconds of CLOCK_MONOTONIC */
/* Fires once at `at_ms`; an armed timer is set anew. */
void loop_timer(struct loop *l, struct timer *t, uint64_t at_ms);
/* The same, unless it is to fire earlier already. */
void loop_timer_by(struct loop *l, struct timer *t, uint64_t at_ms);
void loop_untimer(struct loop *l, struct timer *t);
