/* The part of providers/disk/image.h that is about disks which guests write to */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/disk/image.h"

enum { NAME_MAX_BYTES = 1023, NAME_AT = 8, NAME_LEN_AT = 16, HEADER = 20 };

static uint64_t
big_endian(const unsigned char *p, size_t bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

int
image_base_name(const char *path, char **name, struct error *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char h[HEADER];
	auto_free char *text = NULL;
	uint64_t at, len;

	if (fd < 0)
		return error_errno(err, "open %s", path);
	if (pread(fd, h, sizeof h, 0) != sizeof h || memcmp(h, "QFI\xfb", 4) != 0)
		return error_set(err, ERR_INVALID, "%s: not qcow2", path);
	at = big_endian(h + NAME_AT, 8);
	len = big_endian(h + NAME_LEN_AT, 4);
	*name = NULL;
	if (!at)
		return 0;
	text = xcalloc(1, NAME_MAX_BYTES + 1);
	if (len > NAME_MAX_BYTES || at > INT32_MAX || pread(fd, text, len, (off_t)at) != (ssize_t)len)
		return error_set(err, ERR_INVALID, "%s: damaged qcow2 header: name of the backing file", path);
	*name = steal(text);
	return 0;
}

bool
image_is_base(const char *path, const char *name, const char *base)
{
	const char *slash = strrchr(path, '/');
	auto_free char *full = *name == '/' || !slash ? xstrdup(name) : xasprintf("%.*s/%s", (int)(slash - path), path, name);
	struct stat a, b;

	/* A link could be changed between two checks of it. */
	return lstat(full, &a) == 0 && lstat(base, &b) == 0 && S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int
whole_check(const char *path, const char *format, struct error *err)
{
	struct image_info info;

	if (!strcmp(format, "raw"))
		return 0;
	return image_probe_as(path, format, &info, err) < 0 ? -1 : image_check_safe(path, &info, err);
}

int
image_disk_check(const struct image_disk *d, struct error *err)
{
	auto_free char *name = NULL;
	struct image_info info;

	if (!d->base)
		return whole_check(d->path, d->format, err);
	if (image_probe_as(d->path, d->format, &info, err) < 0 || image_base_name(d->path, &name, err) < 0)
		return -1;
	info.backing_file = false;
	if (image_check_safe(d->path, &info, err) < 0)
		return -1;
	if (!name || !image_is_base(d->path, name, d->base))
		return error_set(err, ERR_REFUSED, "%s: stands on %s, not on %s: it could be any file of this host", d->path,
				 name ? name : "nothing", d->base);
	return whole_check(d->base, d->base_format, err);
}

/* `value` in a list of options: a comma is written twice */
static void
option_add(struct buf *b, const char *value)
{
	for (; *value; value++)
		buf_addf(b, *value == ',' ? ",," : "%c", *value);
}

char *
image_base_options(const struct image_disk *d, struct arena *a)
{
	AUTO(buf) b = BUF_INIT;

	if (d->base) {
		buf_addf(&b, ",backing.driver=%s,backing.file.driver=file,backing.file.filename=", d->base_format);
		option_add(&b, d->base);
	}
	return arena_strdup(a, b.s);
}

char *
image_disk_options(const struct image_disk *d, struct arena *a)
{
	AUTO(buf) b = BUF_INIT;

	buf_addf(&b, "driver=%s,file.driver=file,file.filename=", d->format);
	option_add(&b, d->path);
	return arena_printf(a, "%s%s", b.s, image_base_options(d, a));
}
