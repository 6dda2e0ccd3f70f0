#include "base/os/poller.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>

enum { MOST = 64 };

int
os_poller_open(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

static int
poller_set(int poller, int op, int fd, unsigned what, void *ctx)
{
	struct epoll_event e = { .events = (what & POLLER_IN ? EPOLLIN : 0) | (what & POLLER_OUT ? EPOLLOUT : 0), .data.ptr = ctx };

	return epoll_ctl(poller, op, fd, &e);
}

int
os_poller_add(int poller, int fd, unsigned what, void *ctx)
{
	return poller_set(poller, EPOLL_CTL_ADD, fd, what, ctx);
}

int
os_poller_change(int poller, int fd, unsigned what, void *ctx)
{
	return poller_set(poller, EPOLL_CTL_MOD, fd, what, ctx);
}

int
os_poller_take(int poller, struct os_ready *out, int most)
{
	struct epoll_event e[MOST];
	int n = epoll_wait(poller, e, most < MOST ? most : MOST, 0);

	for (int i = 0; i < n; i++)
		out[i] = (struct os_ready){ e[i].data.ptr,
					    (e[i].events & ~(unsigned)EPOLLOUT ? POLLER_IN : 0) | (e[i].events & EPOLLOUT ? POLLER_OUT : 0) };
	return n;
}

int
os_signals_open(const sigset_t *set)
{
	sigprocmask(SIG_BLOCK, set, NULL);
	return signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
}
