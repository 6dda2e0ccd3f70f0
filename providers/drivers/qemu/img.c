/* the half of providers/disk/image.h that runs qemu-img */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "providers/disk/image.h"

enum { LOCK_TRIES = 50, LOCK_PAUSE_NS = 100000000 };

/* as qemu-img takes it for a file: not for an option, nor for "protocol:name"; to free */
static char *
file_name(const char *path)
{
	return path[0] == '/' ? xstrdup(path) : xasprintf("./%s", path);
}

/* runs it; what it made of `tmp` becomes `path`, or goes */
static int
make_with(const char *const argv[], const char *tmp, const char *path, const volatile int *cancel, struct error *err)
{
	if (fs_unlink(tmp, err) < 0)
		return -1;
	if (proc_run(argv, &(struct proc_opts){ .cancel = cancel }, err) < 0 || fs_commit(tmp, path, err) < 0) {
		unlink(tmp);
		return error_wrap(err, "%s", path);
	}
	return 0;
}

int
image_create(const char *path, const char *format, int64_t size_bytes, struct error *err)
{
	auto_free char *tmp = fs_tmp(path), *name = file_name(tmp);
	char size[24];
	const char *argv[] = { "qemu-img", "create", "-q", "-f", format, name, size, NULL };

	snprintf(size, sizeof size, "%" PRId64, size_bytes);
	return make_with(argv, tmp, path, NULL, err);
}

int
image_convert(const char *from, const char *from_format, const char *to, const char *to_format,
	      const volatile int *cancel, struct error *err)
{
	auto_free char *tmp = fs_tmp(to), *source = file_name(from), *name = file_name(tmp);
	const char *argv[] = { "qemu-img", "convert", "-q", "-f", from_format, "-O", to_format, source, name, NULL };

	return make_with(argv, tmp, to, cancel, err);
}

/*
 * A limactl that was killed leaves its qemu-img to finish, which holds the image's
 * lock for a moment longer; there is nothing to be told by, so it is tried again.
 */
static int
run_when_free(const char *const argv[], struct error *err)
{
	struct error why = { 0 };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (proc_run(argv, NULL, &why) == 0)
			return 0;
		if (!strstr(why.msg, "another process"))
			break;
		nanosleep(&(struct timespec){ .tv_nsec = LOCK_PAUSE_NS }, NULL);
	}
	if (err)
		*err = why;
	return -1;
}

int
image_resize(const char *path, const char *format, int64_t size_bytes, struct error *err)
{
	auto_free char *name = file_name(path);
	char size[24];
	const char *argv[] = { "qemu-img", "resize", "-q", "-f", format, name, size, NULL };
	int64_t now;

	if (image_size(path, format, &now, err) < 0)
		return -1;
	if (size_bytes < now)
		return error_set(err, ERR_REFUSED, "%s: %" PRId64 " bytes now: making it smaller would cut off data",
				 path, now);
	if (size_bytes == now)
		return 0;
	snprintf(size, sizeof size, "%" PRId64, size_bytes);
	if (run_when_free(argv, err) < 0)
		return error_wrap(err, "%s", path);
	return fs_fsync(path, err);
}
