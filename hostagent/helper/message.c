#include "hostagent/helper/message.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr h;
	char space[CMSG_SPACE(2 * sizeof(int))];
};

int
message_send(int socket, const void *p, size_t len, const int *fds)
{
	union control control = {
		.h = {.cmsg_len = CMSG_LEN(2 * sizeof *fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct iovec io = {(void *)(uintptr_t)p, len};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};

	if (fds) {
		m.msg_control = &control;
		m.msg_controllen = sizeof control;
		memcpy(CMSG_DATA(&control.h), fds, 2 * sizeof *fds);
	}
	return sendmsg(socket, &m, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

/* Two, or none: what else came is closed, or whoever sends could fill our table of them. */
static void
descriptors_take(struct cmsghdr *h, int fds[2])
{
	size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
	int got[2];

	memcpy(got, CMSG_DATA(h), (n < 2 ? n : 2) * sizeof *got);
	if (n == 2)
		memcpy(fds, got, sizeof got);
	else if (n == 1)
		close(got[0]);
}

int
message_receive(int socket, void *p, size_t len, int fds[2])
{
	union control control = {0};
	struct iovec io = {p, len};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t n;

	fds[0] = fds[1] = -1;
	while ((n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (n > 0 && m.msg_controllen && control.h.cmsg_level == SOL_SOCKET && control.h.cmsg_type == SCM_RIGHTS)
		descriptors_take(&control.h, fds);
	return n == (ssize_t)len ? 0 : -1;
}
