/*
 * providers/ssh/ssh_exec.h - one command in the guest, over a link that never waits (ssh_link.h).
 *
 * Fill in what is asked, call ssh_exec_step() after each step of the link until
 * it returns something else than 0, then look at the results. Standard input is
 * given and closed; what comes out beyond `max_output` is dropped, and said so.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

struct error;
struct ssh_channel;
struct ssh_link;

struct ssh_exec {
	const char *command;	/* for the guest's login shell; borrowed until the end */
	const char *input;	/* on stdin; borrowed until the end */
	size_t input_len;
	size_t max_output;	/* of each of the two; 0: 64 KiB */

	struct buf out, err;	/* so far */
	bool truncated;
	int status;		/* exit status, once it is done */

	/* private */
	struct ssh_channel *channel;
	enum { SSH_EXEC_NEW, SSH_EXEC_OPEN, SSH_EXEC_RUNS, SSH_EXEC_DONE } state;
	size_t input_pos;
	bool input_closed;
};

#define SSH_EXEC_INIT { .out = BUF_INIT, .err = BUF_INIT }

/* 1: it ended, see status; 0: go on later; -1: it could not be run, or the link died */
int ssh_exec_step(struct ssh_exec *x, struct ssh_link *l, struct error *err);
/* Before the link is freed, or after it if `l` is NULL. The command in the guest gets a hangup at most. */
void ssh_exec_release(struct ssh_exec *x, struct ssh_link *l);

