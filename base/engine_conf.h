/*
 * base/engine_conf.h - what a fleet file says of the engine that runs its members: read by state/desired/fleet, used by providers/cluster.h.
 *
 * Nothing in it is a secret: of user and password there are only the names of what holds them in the environment.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct engine_label {
	const char *name, *value;
};

/* A host of `type: hosts`. */
struct engine_host {
	const char *name;
	const char *user, *address;	/* out of `ssh`: [ssh://][USER@]ADDRESS[:PORT]; user "": ssh's own choice */
	int port;			/* 0: ssh's own choice */
	const char *host_key;		/* "ssh-ed25519 AAAA..."; "": the user's known_hosts must have it */
	uint64_t memory;		/* what members may have together; 0: what there is */
	const struct engine_label *labels;
	size_t nlabels;
};

struct engine_conf {
	const char *type;		/* of cluster_find() */
	const char *fleet;
	const struct engine_host *hosts;
	size_t nhosts;
	const char *url;		/* "": none */
	const char *user_env, *password_env, *ca_file;
	const char *ssh_user;		/* on the nodes of a cluster, on the way to a guest; "": ssh's own choice */
};
