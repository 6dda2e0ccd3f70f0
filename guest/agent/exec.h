/*
 * guest/agent/exec.h - commands of limactl's, over a tunnel of the protocol "exec" (guest/wire/exec_frame.h).
 *
 * Each has a process of ours beside it, the runner, which has root's rights, moves its bytes and is told of its end; the agent itself
 * only has the end of a socket, as of any tunnel. Nobody but the host is given one: not who connects to the agent's unix socket.
 */
#pragma once
#include <sys/resource.h>

struct error;

enum { EXEC_RUNNERS_MAX = 256 };

/* Starts a runner: the agent's end of its socket, non-blocking; -1. `files` is how many open files a command may have; 0: as we. */
int exec_start(rlim_t files, struct error *err);
/* A runner's life, over its end; returns what it exits with. `root` is "" but in tests. */
int exec_run(int host, const char *root, rlim_t files);
