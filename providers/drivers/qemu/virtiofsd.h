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
};

/* `qemu`: full path of the QEMU program. ENOENT, or EPERM when there is only one that needs root, with what to do instead. */
int virtiofsd_find(const char *qemu, struct arena *a, struct virtiofsd *out, struct error *err);

/*
 * The words that serve what is at VIEW_PLACE (base/view.h) on the socket `socket`, NULL at the end, in the arena. By that name, since it
 * is one of the daemon's own view: nobody can put another folder there, nor write to one that is mounted there to be read.
 */
const char *const *virtiofsd_words(const struct virtiofsd *v, const char *socket, struct arena *a, size_t *n);
