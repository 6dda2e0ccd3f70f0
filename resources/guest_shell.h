/*
 * resources/guest_shell.h - a script for root's shell in a guest that runs, or its user's: by one SSH connection and sudo.
 *
 * A driver whose guests have no SSH runs it itself, and then the guest's file system is in a folder (providers/driver.h: run).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "reconciler/env.h"

struct arena;
struct buf;
struct error;
struct spec;

/* To log in, and do what takes a guest moments: one that is emulated on a busy host needs minutes for the first half. */
enum { GUEST_SHELL_MS = 5 * 60 * 1000 };

struct guest_shell {
	int port;		/* of its sshd on this host */
	bool as_user;		/* the user's, and no sudo */
	int timeout_ms;		/* for all of it */
	size_t max_output;	/* as ssh_command has it */
};

/* Has it read `input`, and waits for its end; what it said is in `out`. -1: it could not, or the shell has failed. */
int guest_shell(const struct env *env, const struct spec *spec, const struct guest_shell *s, const struct buf *input, struct buf *out,
		struct error *err);
/* Where a guest's file system is for that shell: "", but for one that is only played; in `a`. */
const char *guest_shell_prefix(const struct spec *spec, struct arena *a);
/* The port that the machine in that folder was started with, for `port`; 0: nobody knows. */
int guest_shell_port(const char *dir);
