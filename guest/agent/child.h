/* guest/agent/child.h - a program whose output is read in the loop. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "guest/agent/loop.h"

#define CHILD_LINE_MAX (10 << 20)

struct child {
	struct loop *loop;
	struct watch w;		/* its stdout; fd -1: not running */
	pid_t pid;
	struct buf in;		/* a line that has not come whole */
	void (*line)(struct child *c, const char *line);	/* without its end */
	/* It is gone, with that exit status (-1: killed, or its output made no sense). */
	void (*end)(struct child *c, int status);
};

/* Starts argv[0], a path, with `env` as its environment and nothing of ours open. False: it could not be. */
bool helper_child_start(struct child *c, char *const argv[], char *const env[]);
/* Kills it, if it runs; no `end` comes. */
void child_kill(struct child *c);
