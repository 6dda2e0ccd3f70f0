/*
 * providers/drivers/qemu/virtiofsd.h - the daemon that serves a folder to a guest over vhost-user (`mountType: virtiofs`).
 *
 * There are two programs of that name. The one written in C came with QEMU up to 7.2 and
 * is what Debian 12 has: it needs root. The one written in Rust, which followed it, does not.
 * Both are found where QEMU looks for descriptions of vhost-user programs.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct error;

struct virtiofsd {
	const char *program;	/* full path; in the arena */
	bool in_c;
	bool readonly;		/* knows --readonly (1.12) */
};

/* `qemu`: full path of the QEMU program. ENOENT, or EPERM when there is only one that needs root, with what to do instead. */
int virtiofsd_find(const char *qemu, struct arena *a, struct virtiofsd *out, struct error *err);

/*
 * The words that serve `folder` on the socket `socket`, NULL at the end, in the arena. `agent`: the host
 * agent's program, which makes a folder read-only for one that cannot do that itself (hostagent/mount/confine.h).
 */
/* Is there a way that keeps the guest from writing to a folder of this daemon's: its own word, or, for root, a mount that is read-only? */
bool virtiofsd_can_refuse(const struct virtiofsd *v);
const char *const *virtiofsd_words(const struct virtiofsd *v, const char *agent, const char *socket, const char *folder,
				   bool writable, struct arena *a, size_t *n);
