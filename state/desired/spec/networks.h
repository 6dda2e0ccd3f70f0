/*
 * state/desired/spec/networks.h - _config/networks.yaml: the named networks of this user.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct buf;
struct error;
struct pair;
struct spec_opts;

struct network {
	const char *name, *mode;	/* user-v2, host, shared, bridged */
	const char *interface;		/* bridged; "" */
	const char *gateway, *dhcp_end, *netmask;	/* IPv4 addresses or "" */
	const char *egress;		/* user-v2: where guests may connect to: any, none, or ranges of addresses and names */
	bool host_loopback;		/* user-v2: and 127.0.0.1 of this host, by the gateway */
	const char *fleet;		/* that it was made for; "" */
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
/* The same and those of opts->networks, which beat it. */
int networks_load_all(struct networks *out, const struct spec_opts *opts, struct error *err);
void networks_release(struct networks *n);
/* An entry as it stands in a file; strings in `a`. The error names the place. */
int network_read(struct network *out, struct arena *a, const struct pair *p, struct error *err);
/*
 * An entry of networks.yaml, put there or taken out; comments and order of the others stay, and the file is made, with
 * what is in force by default, if there is none. One writer at a time; whole or not at all. (networks_edit.c)
 */
int networks_put(const char *home, const struct network *n, struct error *err);
int networks_drop(const char *home, const char *name, struct error *err);
const struct network *networks_find(const struct networks *n, const char *name);
/* The address of this host on a user-v2 network, the second one; "" if its own make no sense. In `a`. */
const char *networks_host(struct arena *a, const struct network *n);
/* the file to write when there is none */
void networks_default_text(struct buf *out);
