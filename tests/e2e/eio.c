/*
 * A disk that answers with an error, or not at all: what looks at or opens $EIO_PATH gets EIO, and for $HANG_PATH it takes
 * $HANG_S, or for ever. What is at $STUCK_PATH cannot be renamed. Loaded before libc.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
is_named_by(const char *variable, const char *path)
{
	const char *bad = getenv(variable);
	size_t len = bad ? strlen(bad) : 0, n = path ? strlen(path) : 0;

	return len && n >= len && strcmp(path + n - len, bad) == 0;
}

static int
broken(const char *path)
{
	const char *seconds = getenv("HANG_S");

	if (is_named_by("HANG_PATH", path)) {
		if (seconds)
			sleep((unsigned)atoi(seconds));
		while (!seconds)
			pause();
	}
	if (!is_named_by("EIO_PATH", path))
		return 0;
	errno = EIO;
	return 1;
}

#define LOOK(name, type) \
int \
name(const char *path, struct type *st) \
{ \
	int (*next)(const char *, struct type *) = (int (*)(const char *, struct type *))dlsym(RTLD_NEXT, #name); \
\
	return broken(path) ? -1 : next(path, st); \
}
LOOK(stat, stat)
LOOK(lstat, stat)
LOOK(stat64, stat64)
LOOK(lstat64, stat64)

#define OPEN(name) \
int \
name(const char *path, int flags, ...) \
{ \
	int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
	va_list ap; \
	mode_t mode; \
\
	va_start(ap, flags); \
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0; \
	va_end(ap); \
	return broken(path) ? -1 : next(path, flags, mode); \
}
OPEN(open)
OPEN(open64)

int
rename(const char *from, const char *to)
{
	int (*next)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");

	if (!is_named_by("STUCK_PATH", from))
		return next(from, to);
	errno = EIO;
	return -1;
}
