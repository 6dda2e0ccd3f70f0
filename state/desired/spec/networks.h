/*
 * state/desired/spec/networks.h - _config/networks.yaml: the named networks of this user.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct buf;
struct error;

struct network {
	const char *name, *mode;	/* user-v2, host, shared, bridged */
	const char *interface;		/* bridged; "" */
	const char *gateway, *dhcp_end, *netmask;	/* IPv4 addresses or "" */
	const char *egress;		/* user-v2: where guests may connect to: any, none, or ranges of addresses and names */
	bool host_loopback;		/* user-v2: and 127.0.0.1 of this host, by the gateway */
};

struct networks {
	struct arena arena;
	const char *socket_vmnet, *var_run, *sudoers, *group;
	struct network *v;		/* sorted by name */
	size_t n;
};

/*
 * Reads $LIMA_HOME/_config/networks.yaml; without the file, what networks_default_text
 * says. A user-v2 network with a gateway is always there: the built-in one is added
 * where the file has none.
 */
int networks_load(struct networks *out, const char *home, struct error *err);
void networks_release(struct networks *n);
const struct network *networks_find(const struct networks *n, const char *name);
/* The address of this host on a user-v2 network, the second one; "" if its own make no sense. In `a`. */
const char *networks_host(struct arena *a, const struct network *n);
/* the file to write when there is none */
void networks_default_text(struct buf *out);
