/*
 * The n-th of those calls that others see, on something of $NTH_PATH's, is the last: with NTH=N the program is killed as it makes it.
 * Loaded before libc. Files get names and lose them, and somebody is connected to.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static atomic_int calls;
static pid_t counted;

/* Who looks at things in children of its own is killed itself, not they. */
__attribute__((constructor)) static void
nth_begin(void)
{
	counted = getpid();
}

static void
nth_count(const char *path)
{
	const char *n = getenv("NTH"), *where = getenv("NTH_PATH");

	if (n && where && getpid() == counted && strstr(path, where) && atomic_fetch_add(&calls, 1) + 1 == atoi(n))
		kill(getpid(), SIGKILL);
}

int
unlink(const char *path)
{
	int (*next)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");

	nth_count(path);
	return next(path);
}

int
rename(const char *from, const char *to)
{
	int (*next)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");

	nth_count(to);
	return next(from, to);
}

int
connect(int fd, const struct sockaddr *a, socklen_t len)
{
	int (*next)(int, const struct sockaddr *, socklen_t) = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");

	if (a->sa_family == AF_UNIX)
		nth_count(((const struct sockaddr_un *)a)->sun_path);
	return next(fd, a, len);
}

int
fsync(int fd)
{
	int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
	char link[64], path[4096];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	nth_count(path);
	return next(fd);
}
