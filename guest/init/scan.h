/*
 * guest/init/scan.h - the few facts that we need of cidata's three YAML files.
 *
 * A scan of lines, not a YAML parser: the files are written by limactl in one known
 * shape (user-data, meta-data, netplan version 2). Anything unexpected is passed over.
 * Nothing here touches the system.
 */
#pragma once
#include <stddef.h>

enum { SCAN_KEYS_MAX = 256, SCAN_NICS_MAX = 16, SCAN_DNS_MAX = 3, SCAN_MOUNTS_MAX = 64 };

struct scan_keys {
	char *v[SCAN_KEYS_MAX];		/* one line of authorized_keys each */
	size_t n;
};

void scan_keys_release(struct scan_keys *k);
/* The items of the list `ssh_authorized_keys:`, which may be spelled with hyphens. `k` must be empty. */
void scan_authorized_keys(const char *user_data, size_t len, struct scan_keys *k);

/* The scalar of a key that stands at the margin, unquoted; to free; NULL: absent or empty. */
char *scan_scalar(const char *text, size_t len, const char *key);

struct scan_mount {
	char *tag, *target, *type, *options;
};
struct scan_mounts {
	struct scan_mount v[SCAN_MOUNTS_MAX];
	size_t n;
};

void scan_mounts_release(struct scan_mounts *m);
/* The rows `- [tag, target, type, options, "0", "0"]` of the list `mounts:`. `m` must be empty. */
void scan_mounts(const char *user_data, size_t len, struct scan_mounts *m);

struct scan_nic {
	char name[16];			/* a name that the kernel takes */
	unsigned char mac[6];
	unsigned metric;
};
struct scan_net {
	struct scan_nic nic[SCAN_NICS_MAX];
	size_t n;
	char dns[SCAN_DNS_MAX][46];	/* digits, dots, colons, hexadecimal letters */
	size_t n_dns;
};

/* The interfaces of `ethernets:`; one without a name or an address of its own is left out. */
void scan_network(const char *text, size_t len, struct scan_net *net);
