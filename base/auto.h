/*
 * base/auto.h - things that clean up after themselves when they leave scope.
 *
 * `auto_free char *s`, `auto_close int fd = -1`, `AUTO(buf) b = BUF_INIT` release
 * on every way out; `return steal(s)` hands over instead. Cleanups do not run
 * across longjmp() or exit().
 */
#pragma once
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void
auto_free_(void *p)
{
	free(*(void **)p);
}

static inline void
auto_close_(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void
auto_file_(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void
auto_dir_(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define auto_free __attribute__((cleanup(auto_free_)))
#define auto_close __attribute__((cleanup(auto_close_)))
#define auto_file __attribute__((cleanup(auto_file_)))
#define auto_dir __attribute__((cleanup(auto_dir_)))

/* `AUTO(x) v` for any struct x that has x_release(struct x *); zeroed must be releasable */
#define AUTO(x) __attribute__((cleanup(x##_release))) struct x

/* the value of a pointer variable, which forgets it */
#define steal(p) __extension__({ __auto_type steal_ = (p); (p) = NULL; steal_; })
#define steal_fd(fd) __extension__({ int steal_ = (fd); (fd) = -1; steal_; })

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))
