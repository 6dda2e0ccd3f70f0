/* providers/clusters/node_ssh.h - root's shell on a node of a cluster, by the ssh program: the user's own configuration and keys count. */
#pragma once
#include <stddef.h>

struct buf;
struct error;

struct node_shell {
	const char *node, *user;	/* user "": ssh's own choice. Whoever is not root there takes sudo, which may ask nothing */
	const char *script;		/* of /bin/sh */
	const void *input;		/* that it reads; or NULL */
	size_t len;
	const volatile int *cancel;	/* or NULL */
};

/* What it says, on both ways, is appended to `out`. -1: it was not to be reached, or the script has failed (ERR_CHILD, with its last line). */
int node_shell(const struct node_shell *s, struct buf *out, struct error *err);
