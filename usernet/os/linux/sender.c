#include "usernet/os/sender.h"

#include <string.h>

_Static_assert(CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int)) <= SENDER_ROOM, "room");

int
sender_ask(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

pid_t
sender_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred cred;

			memcpy(&cred, CMSG_DATA(c), sizeof cred);
			return cred.pid;
		}
	return 0;
}
