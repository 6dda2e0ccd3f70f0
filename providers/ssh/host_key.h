/*
 * providers/ssh/host_key.h - the SSH host key of a guest: made by us, handed over in cidata, known from then on.
 *
 * DIR/ssh_host_ed25519_key (0600) is made before a guest's first boot. DIR/ssh_known_hosts
 * holds the key by which the guest is known: the host agent writes it when it has seen
 * it, and the ssh program and limactl insist on it. While the machine runs, its port
 * is the machine's and the guest can be nobody else; so the agent, and only the agent, also takes the first key of a
 * guest that did not take ours.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct error;

#define HOST_KEY_FILE "ssh_host_ed25519_key"
#define HOST_KEY_KNOWN "ssh_known_hosts"

struct host_key {
	char *pem;		/* the file's text */
	char *public;		/* "ssh-ed25519 AAAA..." */
	unsigned char pair[64];	/* secret and public half */
};

void host_key_release(struct host_key *k);
/* Reads a file as keys_make() writes it. ENOENT; ERR_INVALID for anything that is no such key. */
int host_key_load(struct host_key *out, const char *path, struct error *err);
/* As dropbear keeps it; appended. */
void host_key_dropbear(const struct host_key *k, struct buf *out);

/* How a guest is to be recognized; strings are borrowed. */
struct host_trust {
	const char *known;	/* file; "" : any key is believed */
	const char *ours;	/* what we gave it, as host_key.public; "" : not known */
	bool pin;		/* ours, or the first one of a guest of which none is known, is written to `known` */
	void (*say)(const char *text);	/* what was written, and why; or NULL */
	/* Writes `known`, for one who may not himself; NULL: it is written as any file. */
	int (*put)(void *ctx, const char *text, struct error *err);
	void *ctx;
};

/*
 * DIR/ssh_known_hosts; NULL where it is not there yet: a guest that was started by another version, or one that has
 * not answered its host agent yet, which limactl can only reach through its machine. To free.
 */
char *host_key_known(const char *dir);

/* Is `key` (as SSH sends it) that guest's? -1 with EKEYREJECTED. */
int host_trust_check(const struct host_trust *t, const void *key, size_t len, struct error *err);
