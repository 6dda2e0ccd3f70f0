/* base/os/poller.h - which of many descriptors can be read from or written to, and signals among them. Linux: epoll(7), signalfd(2). macOS: kqueue(2). */
#pragma once
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

enum { POLLER_IN = 1 << 0, POLLER_OUT = 1 << 1 };

struct os_ready {
	void *ctx;
	unsigned what;		/* also POLLER_IN at an error, or an end */
};

/* Can itself be polled; -1 with errno. */
int os_poller_open(void);
/* -1 with errno. One that is closed goes by itself. */
int os_poller_add(int poller, int fd, unsigned what, void *ctx);
int os_poller_change(int poller, int fd, unsigned what, void *ctx);
/* How many; nobody is waited for. -1 with errno. */
int os_poller_take(int poller, struct os_ready *out, int most);
/* Can be read from when one of these, which are blocked from now on, has come; -1 with errno. */
int os_signals_open(const sigset_t *set);
