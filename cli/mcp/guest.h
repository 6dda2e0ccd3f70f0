/*
 * cli/mcp/guest.h - the instance that the tools work in: found by asking limactl, reached by SSH.
 *
 * The connection is made when a tool first needs it, and again after it broke or the machine restarted.
 */
#pragma once
#include "base/mem.h"

struct error;
struct sftp;

struct guest {
	const char *instance;
	struct sftp *link;	/* NULL: none now */
	/* as `limactl list --json` told last; in the arena */
	struct arena arena;
	const char *user, *shell, *key, *address, *dir;
	int port;
};

void guest_release(struct guest *g);
/* Is it there, and does it run? Fills what is told of it. */
int guest_inspect(struct guest *g, struct error *err);
/* The link, made anew if need be; NULL with err. */
struct sftp *guest_link(struct guest *g, struct error *err);
/* After a failure: an error of the connection (rather than of a file) ends it. */
void guest_failed(struct guest *g, const struct error *err);
