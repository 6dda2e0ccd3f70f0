/*
 * usernet/os/sender.h - which process sent a datagram.
 *
 * Linux: SO_PASSCRED, SCM_CREDENTIALS (unix(7)). macOS tells it of streams alone, so there is no switch of ours: socket_vmnet is what networks are there.
 */
#pragma once
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { SENDER_ROOM = 64 };	/* of the control message, and one descriptor beside it */

/* -1 with errno: ENOTSUP, not on macOS. */
int sender_ask(int fd);
/* 0: not told */
pid_t sender_of(struct msghdr *m);
