/*
 * state/desired/spec/host.h - what lima.yaml takes from the machine and the user that run us.
 *
 * Found out once and shared by all loads of a run (spec_opts.host); never changed after.
 */
#pragma once
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

struct error;

struct host {
	const char *os;			/* "Linux", "Darwin", ... */
	const char *arch;		/* "x86_64", ... */
	int cpus;			/* that this process may use */
	uint64_t memory_bytes;
	const char *user;		/* the guest's user, when it is made after the host's */
	const char *host_user, *comment, *home;
	unsigned uid;			/* of the guest's user */
	unsigned host_uid;
	bool nameless;			/* the user database knows no such uid */
	const char *timezone;		/* "": unknown */
	const char *machine_id;
	const char *tmp;		/* $TMPDIR or /tmp */
	const char *hosts_file;		/* NULL: /etc/hosts; read only for proxies with a name that is no address */
	struct arena *arena;
};

struct host *host_new(void);
void host_free(struct host *h);
/* 52:55:55 and three bytes of the SHA-256 of machine id and `what`; `out` has room for 18 */
void host_mac(const struct host *h, const char *what, char out[18]);
