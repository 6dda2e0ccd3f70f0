/*
 * providers/served.h - which folders of this host an instance's running guest may have: HOME/_guests/served/INSTANCE/ID.
 *
 * Written by limactl, where the host agent cannot write. The agent asks its helper for the server of a folder, and the
 * helper looks here whether limactl has said so: an agent that a guest has taken over gets no other folder, and none
 * to write that is to be read. A folder that is a device of the machine (9p, virtiofs) is here to be known.
 */
#pragma once
#include <stdbool.h>

struct error;

struct served {
	const char *location;	/* absolute */
	bool writable, follow, openssh, device;
};

/* `id`: a name without a slash, the instance's own for it. */
int served_put(const char *home, const char *instance, const char *id, const struct served *s, struct error *err);
int served_drop(const char *home, const char *instance, const char *id, struct error *err);
void served_drop_all(const char *home, const char *instance);
/* Is there exactly that one? */
bool served_has(const char *home, const char *instance, const struct served *s);
/*
 * Could a guest of another instance put links into that folder as it likes: is it, or a folder in it or above it, one
 * that another guest writes by a server that does not look at what its links say?
 */
bool served_elsewhere(const char *home, const char *instance, const char *location);
/* Is one of two paths the other, or in it? Both with their links resolved. */
bool served_overlap(const char *a, const char *b);
