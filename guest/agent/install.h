/* guest/agent/install.h - the agent as a service of systemd. */
#pragma once
#include <stdbool.h>

struct buf;
struct error;

struct install {
	const char *program;		/* absolute path of the agent */
	const char *unit;		/* path of the unit to write */
	const char *systemctl;		/* the program; a test has its own */
	const char *virtio_port;	/* or NULL */
	unsigned vsock_port;		/* or 0 */
	unsigned socket_owner;		/* or 0 */
	bool debug;
	bool updated;			/* the program has changed: restart, though the unit has not */
};

/* Appends the unit's text; an argument with a character that systemd would read as more than itself is an error. */
int install_unit(const struct install *i, struct buf *out, struct error *err);
/* Writes the unit if it is not so already, and has systemd enable and (re)start it. Nothing at all if nothing changed. */
int install_systemd(const struct install *i, struct error *err);
