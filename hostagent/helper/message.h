/*
 * hostagent/helper/message.h - what host agent and helper say to each other: messages of fixed size, with two descriptors or none.
 *
 * Whoever sends is not trusted: a message of another size is an error, and descriptors that come in another number are closed.
 */
#pragma once
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum what { START_MACHINE, START_COMPANION, END_COMPANION, START_SERVER, REMOVE_SOCKET, SIGNAL, REAP, WRITE_FILE, REMOVE_FILE, PLACE_SOCKET, SWEEP, STORE_COPY, REMOVE_COPY };

struct request {
	enum what what;
	size_t index; /* of a companion */
	pid_t pid;
	int sig;
	uint8_t writable, follow, openssh; /* as bool they could hold more than 0 and 1: they are a stranger's */
	char location[PATH_MAX];	/* a path, or a name */
	char text[16384];		/* of WRITE_FILE: the largest is a host key */
};

struct answer {
	int r; /* a pid, or as the function says */
	int status;
	struct error error; /* with r < 0 */
};

/* fds: two, which stay the caller's; NULL: none. -1 with errno. */
int message_send(int socket, const void *p, size_t len, const int *fds);
/* Descriptors that do not come are -1. -1: the other end has gone, or says what is no message. */
int message_receive(int socket, void *p, size_t len, int fds[2]);
