/* Sockets with the flags that Linux has for them: see include/sys/socket.h. */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#undef socket
#undef socketpair
#undef recvmsg

enum { FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK };

/* Closes it on failure. */
static int
socket_flagged(int fd, int flags)
{
	int why;

	if (fd < 0 || ((!(flags & SOCK_CLOEXEC) || fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) &&
		       (!(flags & SOCK_NONBLOCK) || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0)))
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

int
darwin_socket(int domain, int type, int protocol)
{
	return socket_flagged(socket(domain, type & ~FLAGS, protocol), type & FLAGS);
}

int
darwin_socketpair(int domain, int type, int protocol, int fd[2])
{
	if (socketpair(domain, type & ~FLAGS, protocol, fd) < 0)
		return -1;
	if (socket_flagged(fd[0], type & FLAGS) < 0) {
		close(fd[1]);
		return -1;
	}
	if (socket_flagged(fd[1], type & FLAGS) < 0) {
		close(fd[0]);
		return -1;
	}
	return 0;
}

int
accept4(int fd, struct sockaddr *from, socklen_t *len, int flags)
{
	int got = accept(fd, from, len);

	/* What is accepted takes over here whether the listening socket waits; on Linux it does not. */
	if (got >= 0 && !(flags & SOCK_NONBLOCK))
		fcntl(got, F_SETFL, fcntl(got, F_GETFL) & ~O_NONBLOCK);
	return socket_flagged(got, flags);
}

ssize_t
darwin_recvmsg(int fd, struct msghdr *m, int flags)
{
	ssize_t n = recvmsg(fd, m, flags & ~MSG_CMSG_CLOEXEC);

	for (struct cmsghdr *c = n < 0 || !(flags & MSG_CMSG_CLOEXEC) ? NULL : CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		for (size_t at = 0; c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && CMSG_LEN(at + sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
			int passed;

			memcpy(&passed, CMSG_DATA(c) + at, sizeof passed);
			fcntl(passed, F_SETFD, FD_CLOEXEC);
		}
	return n;
}
