/*
 * hostagent/sftpd/jail.h - one folder of the host, and no way out of it.
 *
 * Each path that the guest names is looked up by the kernel below the folder's descriptor (openat2, Linux 5.6): neither
 * `..` nor a symbolic link, nor one that changes meanwhile, leads out. With `follow` the links that the user has put
 * there do, since that is what he asks for with followSymlinks; `..` does not, and the guest can make no link that would,
 * nor move one to where it would.
 *
 * All of them return -1 with errno; EXDEV and EROFS say that it is we who do not want it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "hostagent/sftpd/wire.h"

struct jail {
	int root;
	int *hidden;		/* places that are not there for the guest, with all in them */
	size_t nhidden;
	const char *location;	/* as the guest calls it: absolute */
	bool writable, follow;
};

/* `location` is borrowed; `root`, the folder, is taken, also in failure. ENOSYS: the kernel cannot do this. */
int jail_open(struct jail *t, int root, const char *location, bool writable, bool follow);
/* Keeps what is at `path`, and in it, to the host, unless the root is in there itself: then it was asked for. */
void jail_hide(struct jail *t, const char *path);
void jail_close(struct jail *t);

/* The name that the guest may go on with for a path: absolute, and no part of it `.`, `..` or empty. `out` holds PATH_MAX. */
int jail_absolute(const struct jail *t, struct wire_text path, char *out);

/* The place; `last`: a link at its end is followed too. */
int jail_look(const struct jail *t, struct wire_text path, bool last);
/* An ordinary file, by FXF_ flags; nothing else is opened, since to open a device or a pipe is to do something. */
int jail_file(const struct jail *t, struct wire_text path, uint32_t flags, mode_t mode);
int jail_folder(const struct jail *t, struct wire_text path);

int jail_mkdir(const struct jail *t, struct wire_text path, mode_t mode);
int jail_remove(const struct jail *t, struct wire_text path, bool folder);
int jail_rename(const struct jail *t, struct wire_text from, struct wire_text to, bool over);
int jail_link(const struct jail *t, struct wire_text from, struct wire_text to);
int jail_symlink(const struct jail *t, struct wire_text target, struct wire_text path);
/* The folder that a path is in, and its name there; both in `buffer`, which holds PATH_MAX. The root has none: EBUSY. */
int jail_parent(const struct jail *t, struct wire_text path, char *buffer, const char **name);
/* Is this name the guest's to move or to remove? */
bool jail_may_move(const struct jail *t, int dir, const char *name);
/* Of what jail_look() and the others have opened: as far as it goes, and the last thing that could not be done. */
int jail_set(const struct jail *t, int fd, const struct wire_attrs *a);
