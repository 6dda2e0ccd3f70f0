#include "providers/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"

#define TICK_MS 100
#define BACKLOG 16

int
sock_poll(int fd, short events, const struct sock_wait *w, struct error *err)
{
	for (;;) {
		long long left = w->deadline - clock_ms();
		struct pollfd p = { .fd = fd, .events = events };
		int n;

		if (w->cancel && *w->cancel)
			return error_set(err, ERR_CANCELLED, "cancelled");
		if (left < 0)
			return error_set(err, ETIMEDOUT, "no answer in time");
		if (left > (w->cancel ? TICK_MS : 1 << 30))
			left = w->cancel ? TICK_MS : 1 << 30;
		n = poll(&p, 1, (int)left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return error_errno(err, "poll");
	}
}

int
sock_listen(const char *path, struct error *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (strlen(path) >= sizeof a.sun_path)
		return error_set(err, ENAMETOOLONG, "%s: too long for a socket", path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, BACKLOG) < 0)
		return error_errno(err, "listen on %s", path);
	return steal_fd(fd);
}

int
sock_connect(const char *path, const struct sock_wait *w, struct error *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long long left = w->deadline - clock_ms();
	struct timeval limit = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
	int flags;

	if (fd < 0)
		return error_errno(err, "socket");
	if (strlen(path) >= sizeof a.sun_path)
		return error_set(err, ENAMETOOLONG, "%s: too long for a socket", path);
	if (left <= 0)
		return error_set(err, ETIMEDOUT, "%s: no answer in time", path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	/* A connect to a unix socket blocks only while the listener's queue is full, which is bounded here. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return error_errno(err, "connect to %s", path);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_errno(err, "fcntl");
	return steal_fd(fd);
}

int
sock_write(int fd, const void *p, size_t len, const struct sock_wait *w, struct error *err)
{
	const char *s = p;

	while (len) {
		ssize_t n = send(fd, s, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			if (sock_poll(fd, POLLOUT, w, err) < 0)
				return -1;
		} else if (n < 0 && errno != EINTR) {
			return error_errno(err, "write");
		} else if (n > 0) {
			s += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

ssize_t
sock_read(int fd, void *p, size_t max, const struct sock_wait *w, struct error *err)
{
	for (;;) {
		ssize_t n = read(fd, p, max);

		if (n >= 0)
			return n;
		if (errno == EAGAIN) {
			if (sock_poll(fd, POLLIN, w, err) < 0)
				return -1;
		} else if (errno != EINTR) {
			return error_errno(err, "read");
		}
	}
}
