/*
 * providers/ssh/ssh.h - run a command in a guest, and wait for it.
 *
 * For limactl's own short errands; the user's shells are the ssh program's. A
 * guest that is emulated needs a second or two for the key exchange, and one that
 * boots may not answer at all yet: the deadline is for everything, and there is no other.
 * Other users of this host can listen on its loopback as well: so the guest is recognized by its host key.
 */
#pragma once
#include <stddef.h>

struct buf;
struct error;

struct ssh_target {
	const char *address;	/* numeric; NULL: 127.0.0.1 */
	int port;
	const char *user;
	const char *const *keys;	/* private key files, tried in order */
	size_t nkeys;
	const char *known_hosts;	/* the file by which the guest is known (host_key.h); NULL: any key is believed */
};

struct ssh_command {
	const char *command;	/* for the user's login shell */
	const char *input;	/* on stdin, or NULL */
	size_t input_len;
	struct buf *out, *err;	/* NULL: not wanted */
	size_t max_output;	/* of each; 0: 64 KiB; more is ENOBUFS */
	int timeout_ms;		/* for all of it; 0: 2 minutes */
	const volatile int *cancel;
};

/* 0 with the exit status (128 for a signal), or -1: it was not run, or not to its end. */
int ssh_run(const struct ssh_target *to, const struct ssh_command *c, int *status, struct error *err);
