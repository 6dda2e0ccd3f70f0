/*
 * base/guarded.h - paths of the host, parts of which a guest can rename and replace.
 *
 * Below a folder that a guest can write nothing is what it was a moment ago: a folder becomes a link, and whoever goes on by
 * name is led to any other place of the host. So everything there is opened from here: a path is walked from the
 * root a folder at a time, by descriptors. Links are followed as long as only users of the host can have put them there; from
 * the first folder on that a guest can write there are none. What is done then is done to a name in a descriptor.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct error;
struct guarded_root;

/* The folders that a guest can write. Zeroed: none, and then every link is followed. */
struct guarded {
	struct guarded_root *v;
	size_t n, cap;
	bool straight;		/* no links at all, wherever they are */
};

/* One that does not exist (yet) is passed over: nobody has written there. */
void guarded_add(struct guarded *g, const char *folder);
void guarded_release(struct guarded *g);

/*
 * The place (base/os/place.h) of the folder at `path`, which is absolute. `make` is the mode for folders that are missing, those above it
 * included; 0: they are an error (ENOENT). ELOOP says that a link is in the way. -1.
 */
int guarded_folder(const struct guarded *g, const char *path, mode_t make, struct error *err);
/* The same of the folder that `path` is in; *name is what is behind the last slash, within `path`. */
int guarded_parent(const struct guarded *g, const char *path, mode_t make, const char **name, struct error *err);

/*
 * The place of what is at `path`, a folder or not. A link of that name is followed where only users of the host can have put
 * it. -1; ELOOP: a link is in the way.
 */
int guarded_place(const struct guarded *g, const char *path, struct error *err);

/* Is what is at `path`, or will be, in a folder that a guest can write, or one of these? */
bool guarded_covers(const struct guarded *g, const char *path);

/* A file that appears whole, or not at all, in a folder where others may write: under a name first that nobody can know. */
struct guarded_file {
	int dir, fd;		/* fd: to write to */
	const char *path, *name;	/* name: within `path` */
	char tmp[32];
	bool over_links;	/* a link of its name is replaced, and not an error */
};
#define GUARDED_FILE_INIT { .dir = -1, .fd = -1 }
/* `path` is borrowed until the end, and absolute. */
int guarded_create(struct guarded_file *f, const struct guarded *g, const char *path, mode_t make, mode_t mode, struct error *err);
/* fsync, and under its name, in place of an ordinary file and of nothing else (EEXIST). */
int guarded_commit(struct guarded_file *f, struct error *err);
void guarded_file_release(struct guarded_file *f);	/* away with what was not committed */

/* Absent, also the folder that it would be in, is success. */
int guarded_unlink(const struct guarded *g, const char *path, struct error *err);
/* Does the kernel see to it that a path stays below a folder (openat2 of Linux 5.6, O_NOFOLLOW_ANY of macOS)? */
bool guarded_by_kernel(void);
/*
 * What is at `rel` below the folder `dir`, by flags of open(2); no link anywhere, the last part included, and no `..`.
 * The kernel looks, or, before Linux 5.6, we do a folder at a time. -1 with errno; ELOOP: a link.
 */
int guarded_below(int dir, const char *rel, int flags);
