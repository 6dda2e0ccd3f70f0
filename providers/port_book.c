/* providers/port_book.c - ports of this host's loopback that an instance keeps from one start to the next (port_book.h) */
#include "providers/port_book.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/sha256.h"

enum { FIRST = 20000, COUNT = 12000, TRIES = 64 };

static int
place_of_seed(const char *seed)
{
	char hex[65];

	sha256_hex(seed, strlen(seed), hex);
	hex[8] = '\0';
	return (int)(strtoul(hex, NULL, 16) % COUNT);
}

int
port_draw(const char *seed, int last, port_usable *usable, struct error *err)
{
	int at = last >= FIRST && last < FIRST + COUNT ? last - FIRST + 1 : place_of_seed(seed);

	for (int i = 0; i < TRIES; i++) {
		int port = FIRST + (at + i) % COUNT;

		if (usable(port, NULL) == 0)
			return port;
	}
	return error_set(err, EADDRINUSE, "no free port of 127.0.0.1 near %d; stop a program that listens there", FIRST + at % COUNT);
}

/* The book, open and locked until it is closed; -1 with err. */
static int
open_book(const char *home, struct error *err)
{
	auto_free char *dir = xasprintf("%s/_state/ports", home);
	int fd;

	if (fs_mkdirs(dir, 0700, err) < 0)
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fs_flock(fd, LOCK_EX) < 0) {
		error_errno(err, "open %s", dir);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* Whose is the entry: 1 that of `lease`, 0 another lease's, -1 nobody's, or there is none. */
static int
entry_holder(int book, const char *entry, const struct stat *lease)
{
	struct stat st;

	if (fstatat(book, entry, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (st.st_dev == lease->st_dev && st.st_ino == lease->st_ino)
		return 1;
	return S_ISREG(st.st_mode) && st.st_nlink > 1 ? 0 : -1;
}

/* A lease that is not in the book any more after a loss of power would be given to another one. Nobody waits for the drive meanwhile. */
static int
keep_book(int book, const char *home, struct error *err)
{
	flock(book, LOCK_UN);
	return fsync(book) == 0 || errno == EINVAL || errno == EROFS ? 1 : error_errno(err, "fsync %s/_state/ports", home);
}

int
port_book_enter(const char *home, int port, const char *lease, struct error *err)
{
	auto_close int book = open_book(home, err);
	auto_free char *entry = xasprintf("%d", port);
	struct stat st;
	int holder;

	if (book < 0)
		return -1;
	if (lstat(lease, &st) < 0)
		return error_errno(err, "%s", lease);
	if ((holder = entry_holder(book, entry, &st)) >= 0)
		return holder ? keep_book(book, home, err) : 0;
	if (unlinkat(book, entry, 0) < 0 && errno != ENOENT)
		return error_errno(err, "%s/_state/ports/%s", home, entry);
	if (linkat(AT_FDCWD, lease, book, entry, 0) == 0)
		return keep_book(book, home, err);
	if (errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK || errno == EXDEV)
		return 1;
	return error_errno(err, "link %s/_state/ports/%s", home, entry);
}

bool
port_book_has(const char *home, int port, const char *lease)
{
	auto_free char *entry = xasprintf("%s/_state/ports/%d", home, port);
	struct stat st = { 0 };

	(void)lstat(lease, &st);
	return entry_holder(AT_FDCWD, entry, &st) == 0;
}

bool
port_book_strike(const char *home, int port, const char *lease)
{
	auto_close int book = open_book(home, NULL);
	auto_free char *entry = xasprintf("%d", port);
	struct stat st;

	return book >= 0 && lstat(lease, &st) == 0 && entry_holder(book, entry, &st) == 1 && unlinkat(book, entry, 0) == 0;
}

void
port_book_sweep(const char *home)
{
	auto_close int book = open_book(home, NULL);
	int fd = book < 0 ? -1 : dup(book);
	auto_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct stat nobody = { 0 };

	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.' && entry_holder(book, e->d_name, &nobody) < 0)
			unlinkat(book, e->d_name, 0);
	if (!d && fd >= 0)
		close(fd);
}
