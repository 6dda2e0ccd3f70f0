/*
 * macOS's, with the flags of Linux by which a socket is made close-on-exec and not to wait. Here that takes a call more, so a thread
 * that starts a program in between hands it on; who starts programs closes what is above the standard ones.
 */
#pragma once
#include_next <sys/socket.h>

#define SOCK_CLOEXEC 0x01000000
#define SOCK_NONBLOCK 0x02000000
#define MSG_CMSG_CLOEXEC 0x01000000

int darwin_socket(int domain, int type, int protocol);
int darwin_socketpair(int domain, int type, int protocol, int fd[2]);
ssize_t darwin_recvmsg(int fd, struct msghdr *m, int flags);
int accept4(int fd, struct sockaddr *from, socklen_t *len, int flags);

#define socket(domain, type, protocol) darwin_socket(domain, type, protocol)
#define socketpair(domain, type, protocol, fd) darwin_socketpair(domain, type, protocol, fd)
#define recvmsg(fd, m, flags) darwin_recvmsg(fd, m, flags)
