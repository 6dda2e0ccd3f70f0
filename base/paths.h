/*
 * base/paths.h - the paths that a process can still open, for itself and whatever it becomes, for good (Landlock, Linux 5.13; not on macOS).
 *
 *	AUTO(paths) p = PATHS_INIT;
 *	if (paths_begin(&p)) {
 *		paths_allow(&p, "/etc", PATHS_READ);
 *		paths_enforce(&p);
 *	}
 *
 * A rule holds for what is at that path now, and for everything below it. What Landlock does not know of stays possible: to see
 * attributes, to hold a place (O_PATH), to connect to sockets, to set modes and times of one's own files.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
	PATHS_READ = 1 << 0,		/* files, and lists of folders */
	PATHS_WRITE = 1 << 1,		/* files that are there */
	PATHS_MAKE = 1 << 2,		/* new ones, folders, links and sockets; and remove and rename them */
	PATHS_LIST = 1 << 3,		/* folders alone */
	PATHS_MAKE_SOCKETS = 1 << 4,	/* and folders; nothing is removed */
	PATHS_EXECUTE = 1 << 5,
	PATHS_MAKE_FIFOS = 1 << 6,
};

struct paths {
	int rules;		/* -1: not begun */
	uint64_t known;		/* what this kernel can refuse */
};
#define PATHS_INIT { .rules = -1 }

/* false: this kernel, or the container, has no such thing. Where it can, nor are others signalled, or their abstract sockets found (6.12). */
bool paths_begin(struct paths *p);
/* The same for a process that signals others. */
bool paths_begin_signaller(struct paths *p);
/* Can a rule let somebody move a file from one folder to another? The first version of Landlock refuses that always. */
bool paths_can_move(const struct paths *p);
/* -1 with errno: it is not there, or the kernel took no rule for it; the others stand. */
int paths_allow(struct paths *p, const char *path, unsigned access);
/* Where this host's name servers stand, wherever /etc/resolv.conf leads: a file that is replaced, so its folder counts. */
void paths_allow_resolver(struct paths *p);
/* Needs no_new_privs (base/privilege.h). -1 with errno. */
int paths_enforce(struct paths *p);
void paths_release(struct paths *p);
