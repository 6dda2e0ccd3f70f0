/*
 * hostagent/helper/helper.h - the small half of the host agent: a process that starts, signals and reaps.
 *
 * The agent reads what a guest writes, in six protocols, so it gives up whatever it does not need for that
 * (hostagent/confinement.h), other programs first of all. They are children of this process, which was forked before, has
 * read nothing but launch.json, and is asked by messages of fixed size. It ends with the agent, and what it has started
 * outlives both.
 *
 * Every call waits for the answer: a fork and an exec, one or two milliseconds. When the helper has been killed they fail
 * with EPIPE.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct agent;
struct error;
struct sshfs_mount;

/* Before the agent is confined, or has a thread. a->launch and a->machine's process, if it runs already, are known. */
int helper_start(struct agent *a, struct error *err);
void helper_end(struct agent *a);

/* Their numbers are their own until they are reaped. -1 */
pid_t helper_machine(struct agent *a, struct error *err);
pid_t helper_companion(struct agent *a, size_t i, struct error *err);
/* The server of a shared folder: its socket, and the folder (base/guarded.h), which both stay the caller's. */
pid_t helper_server(struct agent *a, const struct sshfs_mount *m, const int fds[2], struct error *err);

/* To one of the above, or to the machine that was found running. */
int helper_signal(struct agent *a, pid_t pid, int sig, struct error *err);
/* 1: it has ended, and `status` is what waitpid(2) says; 0: not yet; -1: not ours */
int helper_reap(struct agent *a, pid_t pid, int *status);
/* A socket, and nothing else, of that name in an open folder, which may be one that the agent cannot change. */
int helper_remove_socket(struct agent *a, int dir, const char *name, struct error *err);
/* hostagent/helper/instance_files.h */
int helper_write_file(struct agent *a, const char *name, const char *text, struct error *err);
int helper_remove_file(struct agent *a, const char *name, struct error *err);
int helper_place_socket(struct agent *a, struct error *err);
int helper_sweep(struct agent *a, struct error *err);
int helper_store_copy(struct agent *a, const char *host, int fd, struct error *err);
int helper_remove_copy(struct agent *a, const char *host, struct error *err);
/* SIGTERM to a companion, also one that an agent before has started; its socket and pid file go. */
void helper_end_companion(struct agent *a, size_t i);
