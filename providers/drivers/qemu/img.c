/*
 * The half of providers/disk/image.h that runs qemu-img: always in a sandbox, where it has the files of its task and nothing
 * else. It reads what strangers and guests have made.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "providers/disk/image.h"
#include "base/sandbox.h"
#include "providers/drivers/qemu/img.h"

enum { LOCK_TRIES = 50, LOCK_PAUSE_NS = 100000000, LEAST_MS = 10 * 60 * 1000, SLOWEST_BYTES_PER_MS = 4 << 10 };

/* qemu-img takes 50 MB, and a stack and a heap for each of its threads, most of it unused. */
#define MEMORY_MAX (UINT64_C(4) << 30)
/* Tables need some room beside the data; 64 MiB are enough for small images. */
#define WITH_TABLES(bytes) ((uint64_t)(bytes) + (uint64_t)(bytes) / 16 + (UINT64_C(64) << 20))

/* The path is spelt so that qemu-img takes it for neither an option nor "protocol:name"; to free. */
static char *
file_name(const char *path)
{
	return path[0] == '/' ? xstrdup(path) : xasprintf("./%s", path);
}

static int
timeout_for(uint64_t bytes)
{
	uint64_t ms = LEAST_MS + bytes / SLOWEST_BYTES_PER_MS;

	return ms > INT_MAX ? INT_MAX : (int)ms;
}

const char *
image_program(void)
{
	return "qemu-img";
}

/* Of a full disk qemu-img tells in the words of the C library alone. */
static int
img_failed(const struct img_task *t, struct error *err)
{
	if (err && t->writes && strstr(err->msg, "No space left on device"))
		err->code = ENOSPC;
	return -1;
}

int
img_run(const struct img_task *t, struct error *err)
{
	const char *const readable[] = { t->reads, NULL }, *const writable[] = { t->writes, NULL };
	struct sandbox box = { .readable = readable, .writable = writable, .max_memory_bytes = MEMORY_MAX };
	uint64_t bytes = t->may_write;
	struct stat st;

	if (t->writes && stat(t->writes, &st) == 0)
		bytes += (uint64_t)st.st_size;
	box.max_file_bytes = WITH_TABLES(bytes);
	return proc_run(t->argv, &(struct proc_opts){ .out = t->out, .timeout_ms = timeout_for(bytes), .cancel = t->cancel,
						      .sandbox = &box }, err) < 0 ? img_failed(t, err) : 0;
}

/* An empty file that is ours: in its sandbox qemu-img could not make one. */
static int
img_file_begin(const char *path, struct error *err)
{
	auto_close int fd = -1;

	if (fs_unlink(path, err) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? error_errno(err, "create %s", path) : 0;
}

/* Runs qemu-img; what it wrote becomes `path`, or is removed. */
static int
make_with(const struct img_task *t, const char *path, struct error *err)
{
	if (img_file_begin(t->writes, err) < 0)
		return error_wrap(err, "%s", path);
	if (img_run(t, err) < 0 || fs_commit(t->writes, path, err) < 0) {
		unlink(t->writes);
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
	return make_with(&(struct img_task){ .argv = argv, .writes = tmp, .may_write = (uint64_t)size_bytes }, path, err);
}

int
image_create_on(const char *path, int64_t size_bytes, const char *base, const char *base_format, struct error *err)
{
	auto_free char *tmp = fs_tmp(path), *name = file_name(tmp);
	char size[24];
	const char *argv[] = { "qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", base_format, "-b", base, name, size, NULL };

	snprintf(size, sizeof size, "%" PRId64, size_bytes);
	return make_with(&(struct img_task){ .argv = argv, .writes = tmp, .may_write = (uint64_t)size_bytes }, path, err);
}

int
image_convert(const struct image_convert *c, struct error *err)
{
	auto_free char *tmp = fs_tmp(c->to), *source = file_name(c->from), *name = file_name(tmp);
	const char *argv[] = { "qemu-img", "convert", "-q", "-f", c->from_format, "-O", c->to_format, source, name, NULL };
	struct img_task t = { argv, .reads = c->from, .writes = tmp, .may_write = (uint64_t)c->max_bytes, .cancel = c->cancel };
	struct image_disk from = { .path = c->from, .format = c->from_format };

	return image_disk_check(&from, err) < 0 ? -1 : make_with(&t, c->to, err);
}

/*
 * A limactl that was killed leaves its qemu-img to finish, which holds the image's
 * lock for a moment longer; there is nothing to be told by, so it is tried again.
 */
static int
run_when_free(const struct img_task *t, struct error *err)
{
	struct error why = { 0 };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (img_run(t, &why) == 0)
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
image_resize(const struct image_disk *d, int64_t size_bytes, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *argv[] = { "qemu-img", "resize", "-q", "--image-opts", image_disk_options(d, &a),
			       arena_printf(&a, "%" PRId64, size_bytes), NULL };
	struct img_task t = { argv, .reads = d->base, .writes = d->path, .may_write = (uint64_t)size_bytes };
	int64_t now;

	if (image_disk_check(d, err) < 0 || image_size(d->path, d->format, &now, err) < 0)
		return -1;
	if (size_bytes < now)
		return error_set(err, ERR_REFUSED, "%s: %" PRId64 " bytes now: making it smaller would cut off data",
				 d->path, now);
	if (size_bytes == now)
		return 0;
	if (run_when_free(&t, err) < 0)
		return error_wrap(err, "%s", d->path);
	return fs_fsync(d->path, err);
}

int
image_rebase(const struct image_disk *d, const char *name, struct error *err)
{
	auto_free char *file = file_name(d->path);
	const char *argv[] = { "qemu-img", "rebase", "-q", "-u", "-f", d->format, "-F", d->base_format, "-b", name, file, NULL };
	struct img_task t = { argv, .reads = d->base, .writes = d->path };

	return run_when_free(&t, err) < 0 ? error_wrap(err, "%s", d->path) : fs_fsync(d->path, err);
}
