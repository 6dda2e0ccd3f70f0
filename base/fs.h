/*
 * base/fs.h - files: read whole, written whole.
 *
 * A file appears complete under its name or not at all: it is written under a
 * temporary name derived from the final one (NAME.tmp), fsynced, renamed, and the
 * folder fsynced. So the leftovers of a crash are found, and overwritten, by the
 * next try. Everything is opened with O_CLOEXEC.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct buf;
struct error;
struct stat;

/*
 * Opens an ordinary file, or /dev/null, for reading; the descriptor, or -1. `st` (or NULL) is filled. A FIFO, a
 * socket, a device or a folder is refused with EINVAL and never waited for, whoever put it there.
 */
int fs_open(const char *path, struct stat *st, struct error *err);
/* Appends the file's bytes to `out`; more than `max` bytes is an error (EFBIG). Opened by fs_open(). */
int fs_read(const char *path, struct buf *out, size_t max, struct error *err);
/* As fs_read; 1: read, 0: no such file */
int fs_read_if(const char *path, struct buf *out, size_t max, struct error *err);
/* The same of a file that the user may keep elsewhere: a link to where nothing is is an error, and not none (fs_look()). */
int fs_read_given(const char *path, struct buf *out, size_t max, struct error *err);
/*
 * The end of a log, at most so many bytes, from the beginning of a line on; a line that is longer is cut. `st` (or NULL) is filled. What
 * is written meanwhile may be in it or not.
 */
int fs_read_end(const char *path, struct buf *out, size_t most, struct stat *st, struct error *err);
/*
 * As fs_read, of a path that the user named: descriptors that he opened (/dev/stdin, /dev/fd/63 of a shell's
 * <(command)) are read to their end, too, and waited for.
 */
int fs_read_named(const char *path, struct buf *out, size_t max, struct error *err);
int fs_write(const char *path, const void *p, size_t len, mode_t mode, struct error *err);
/*
 * As fs_write, of a file that belongs to the user: mode, owner, access list and labels of what is there stay, links to it
 * and its other names lead to the new bytes. `fresh` is the mode of one that is made. Where no file can be put beside
 * it, and what is not an ordinary file (/dev/stdout), is written into, which a crash can cut in the middle.
 */
int fs_rewrite(const char *path, const void *p, size_t len, mode_t fresh, struct error *err);
/*
 * Refused: a link that another user has made in a folder where everybody makes files, which would have us write where he likes. Asked
 * before a file that the user names is written; the kernel's fs.protected_symlinks is not set everywhere. fs_rewrite() asks itself.
 */
int fs_check_link(const char *path, struct error *err);
/*
 * A file in a folder of the user's, made anew with that mode, whole or not at all: what is there under that name goes, be it a
 * link, and nothing else does. fs_write() is for folders of ours: it takes away whatever is at fs_tmp(path), a tree, too.
 */
int fs_write_beside(const char *path, const void *p, size_t len, mode_t mode, struct error *err);
/* What a kill in the middle of these two leaves, and the next one of the same file takes; to free. */
char *fs_rewrite_tmp(const char *path);
int fs_write_all(int fd, const void *p, size_t len);	/* however many calls that takes; -1 with errno */
/* For writers that need the descriptor: write to fs_tmp(path), then commit. */
char *fs_tmp(const char *path);		/* to free */
int fs_commit(const char *tmp, const char *path, struct error *err);	/* fsync, rename, fsync of the folder */
int fs_fsync(const char *path, struct error *err);			/* of a file or folder */
int fs_fsync_parent(const char *path, struct error *err);

/*
 * Behind an error that came of a full disk (ENOSPC, EDQUOT) while something was written at `path`, or somewhere below: how much is free
 * there, and what to do. Any other error, and one with an advice, is left as it is. -1, always.
 */
int fs_explain_full(struct error *err, const char *path);
/* What is free for us where `path` is, or would be: of what is not there yet, the folder above counts. False: it cannot be told. */
bool fs_free_bytes(const char *path, uint64_t *out);
/* May fs_clone() make a copy of that file in that folder? False also where that cannot be told. */
bool fs_may_clone(const char *from, const char *folder);

int fs_mkdirs(const char *path, mode_t mode, struct error *err);	/* and parents; existing is success */
int fs_unlink(const char *path, struct error *err);			/* absent is success */
/* The folder and all in it, never following symbolic links; absent is success. */
int fs_remove_tree(const char *path, struct error *err);
/* As a reflink, which shares the bytes until one of the two is written to: 1; 0: not on this file system, or not across two. */
int fs_clone(const char *from, const char *to_tmp, mode_t mode, struct error *err);
/* Copies data, as a reflink where the file system can, and keeps holes. */
int fs_copy(const char *from, const char *to_tmp, mode_t mode, struct error *err);
bool fs_is_file(const char *path);		/* would fs_open() open it? Links are followed */
bool fs_exists(const char *path);		/* of the name itself: a dangling symlink exists */
/*
 * Is there anything at `path`? 1, 0, or -1 when that cannot be told: the disk answers with an error, or it, or a folder
 * on the way to it, is a link to where nothing is (a drive that is not mounted). What cannot be told is not absent: who
 * makes it anew would put that in the place of what is there. `st` (or NULL) is of what a link leads to.
 */
int fs_look(const char *path, struct stat *st, struct error *err);
int fs_look_stamp(const char *path, struct arena *a, const char **stamp, struct error *err);	/* the same, with fs_stamp_of() */
/*
 * The same for a file that we can make again at any time: what is no ordinary file (a folder, a link to nowhere) counts
 * as absent, 0. Before it is made, fs_make_room() takes that away: a link, a socket or an empty folder is removed, a
 * folder that holds something is kept beside it as PATH.moved-N.
 */
int fs_look_derived(const char *path, struct arena *a, const char **stamp, struct error *err);
int fs_make_room(const char *path, struct error *err);
/* Away with such a file, whatever is in its place. Absent is success. */
int fs_drop(const char *path, struct error *err);
/*
 * What changes when a file's content does, in text: "inode.size.mtime_ns".
 * NULL with errno when it cannot be looked at.
 */
const char *fs_stamp(struct arena *a, const char *path);
const char *fs_stamp_of(struct arena *a, const struct stat *st);
char *fs_realpath(const char *path);	/* absolute, links resolved as far as it exists; to free; never NULL */

/*
 * An advisory lock (flock) on `path`: a folder, or a file, made if absent and never opened through a link. For locks
 * that do not stay, and waits that can be ended: base/lock.h. Returns the descriptor, to
 * be closed to unlock; -1 with EWOULDBLOCK in err->code if `wait` is false and
 * somebody else has it.
 */
int fs_lock(const char *path, bool wait, struct error *err);
int fs_flock(int fd, int how);	/* flock(), past the signals that interrupt it; -1 with errno */
