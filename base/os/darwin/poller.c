#include "base/os/poller.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/event.h>
#include <unistd.h>

#include "base/auto.h"

enum { MOST = 64 };

int
os_poller_open(void)
{
	auto_close int fd = kqueue();

	return fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : steal_fd(fd);
}

/* Each direction is a filter of its own; one that is not there cannot be taken away, which is no error. */
static int
filter_set(int poller, int fd, int16_t filter, bool wanted, void *ctx)
{
	struct kevent e;

	EV_SET(&e, (uintptr_t)fd, filter, wanted ? EV_ADD : EV_DELETE, 0, 0, ctx);
	return kevent(poller, &e, 1, NULL, 0, NULL) < 0 && (wanted || errno != ENOENT) ? -1 : 0;
}

int
os_poller_change(int poller, int fd, unsigned what, void *ctx)
{
	return filter_set(poller, fd, EVFILT_READ, what & POLLER_IN, ctx) < 0 ? -1 :
	       filter_set(poller, fd, EVFILT_WRITE, what & POLLER_OUT, ctx);
}

int
os_poller_add(int poller, int fd, unsigned what, void *ctx)
{
	return os_poller_change(poller, fd, what, ctx);
}

int
os_poller_take(int poller, struct os_ready *out, int most)
{
	static const struct timespec at_once;
	struct kevent e[MOST];
	int n = kevent(poller, NULL, 0, e, most < MOST ? most : MOST, &at_once);

	for (int i = 0; i < n; i++)
		out[i] = (struct os_ready){ e[i].udata, e[i].filter == EVFILT_WRITE ? POLLER_OUT : POLLER_IN };
	return n;
}

/* kqueue(2): a signal is told of whatever is to be done with it. */
int
os_signals_open(const sigset_t *set)
{
	auto_close int queue = os_poller_open();

	sigprocmask(SIG_BLOCK, set, NULL);
	for (int sig = 1; queue >= 0 && sig < NSIG; sig++) {
		struct kevent e;

		EV_SET(&e, (uintptr_t)sig, EVFILT_SIGNAL, EV_ADD, 0, 0, NULL);
		if (sigismember(set, sig) == 1 && kevent(queue, &e, 1, NULL, 0, NULL) < 0)
			return -1;
	}
	return steal_fd(queue);
}
