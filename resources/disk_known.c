#include "resources/disk_known.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/driver.h"

enum { NOTE_MAX = 256, FORMAT_MAX = 15 };

char *
disk_keep_path(const char *disk)
{
	return xasprintf("%s.format", disk);
}

/* What is noted already stays the file that it is: a step done twice is as done once, and its stamp holds. */
static bool
note_is(const char *path, const struct buf *text)
{
	AUTO(buf) have = BUF_INIT;

	return fs_read_if(path, &have, NOTE_MAX, NULL) == 1 && have.len == text->len &&
	       memcmp(have.s, text->s, have.len) == 0;
}

int
disk_keep(const char *disk, const char *format, int64_t asked, int64_t left, struct error *err)
{
	auto_free char *path = disk_keep_path(disk);
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, format);
	if (asked >= 0)
		buf_addf(&b, " %" PRId64 " %" PRId64, asked, left);
	buf_addc(&b, '\n');
	return note_is(path, &b) ? 0 : fs_write(path, b.s, b.len, 0600, err);
}

/* 1: DISK.format is there and makes sense; 0: it is not there */
static int
note_read(const char *disk, struct arena *a, struct disk_known *k, struct error *err)
{
	auto_free char *path = disk_keep_path(disk);
	AUTO(buf) b = BUF_INIT;
	char format[FORMAT_MAX + 1];
	int n = 0, there = fs_read_if(path, &b, NOTE_MAX, err);

	k->asked = k->left = -1;
	if (there <= 0)
		return there;
	n = sscanf(b.s, "%15s %" SCNd64 " %" SCNd64, format, &k->asked, &k->left);
	if (n < 1 || (strcmp(format, "raw") != 0 && strcmp(format, "qcow2") != 0))
		return error_set(err, ERR_INVALID, "%s: must begin with `raw` or `qcow2`, the format of the disk beside it", path);
	k->disk.format = arena_strdup(a, format);
	k->kept = true;
	return 1;
}

int
disk_keep_known(const struct disk_known *k, struct error *err)
{
	return k->kept ? 0 : disk_keep(k->disk.path, k->disk.format, k->asked, k->left, err);
}

/* What a driver told its machine, whichever that was. */
static const char *
launch_format(const char *dir, const char *tail, struct arena *a)
{
	const char *format = NULL;

	for (const struct driver *const *d = driver_all(); *d && !format; d++)
		format = (*d)->launched_format ? (*d)->launched_format(dir, tail, a) : NULL;
	return format;
}

static bool
any_there(const char *dir, const char *const *files)
{
	for (; *files; files++) {
		auto_free char *path = xasprintf("%s/%s", dir, *files);

		/* What cannot be looked at may be there. */
		if (fs_look(path, NULL, NULL) != 0)
			return true;
	}
	return false;
}

/*
 * Can a guest have written the header of its disk? One of ours can, whose disk is raw by our word, and one of another hypervisor of
 * upstream's. But its usual one is told no format, and then it lets no guest write the header of another format into a disk that
 * it took for raw (block/raw-format.c, raw_co_pwritev()), so that header is evidence.
 */
static bool
guest_wrote_header(const char *dir)
{
	static const char *const others[] = { "vz-identifier", "vz-efi", "vz.pid", "krunkit.pid", NULL };
	static const char *const ours[] = { "applied.json", "launch.json", "launch.facts", NULL };
	static const char *const ran[] = { "ha.stderr.log", "serial.log", "launch.json", NULL };
	pid_t pid;

	return any_there(dir, others) || (any_there(dir, ours) && (any_there(dir, ran) || driver_of(dir, &pid)));
}

/* A file of which nothing is known but what can be read in it. */
static int
format_by_header(const char *path, bool guest_had_it, struct arena *a, struct disk_known *k, struct error *err)
{
	struct image_info info;

	if (image_probe(path, &info, err) < 0)
		return -1;
	if (strcmp(info.format, "raw") != 0 && guest_had_it)
		return error_set(err, ERR_REFUSED, "%s: looks like %s, but a guest that had it as raw could have made it so, and its format is "
				 "recorded nowhere; if you know it to be %s: echo %s >'%s.format'", path, info.format, info.format,
				 info.format, path);
	k->disk.format = arena_strdup(a, info.format);
	return 0;
}

/* A newer upstream leaves a link of the new name to the older one's disk. */
static bool
is_link_to_diffdisk(const char *disk)
{
	char to[PATH_MAX];
	ssize_t n = readlink(disk, to, sizeof to - 1);
	const char *slash;

	to[n > 0 ? n : 0] = '\0';
	slash = strrchr(to, '/');
	return strcmp(slash ? slash + 1 : to, "diffdisk") == 0;
}

int
disk_known_look(const char *dir, struct arena *a, const char **path, struct stat *st, struct error *err)
{
	const char *diff = arena_printf(a, "%s/diffdisk", dir);
	struct stat mine;
	int there;

	if (!st)
		st = &mine;
	*path = arena_printf(a, "%s/disk", dir);
	/* One call settles nearly all disks. */
	if (lstat(*path, st) == 0 && S_ISREG(st->st_mode))
		return 1;
	if (is_link_to_diffdisk(*path)) {
		*path = diff;
		return fs_look(diff, st, err);
	}
	there = fs_look(*path, st, err);
	if (there == 0 && (there = fs_look(diff, st, err)) != 0)
		*path = diff;
	return there;
}

/* Its last part, as a copied folder's header has it: the file that it names is that of another place. */
static bool
is_named_basedisk(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strcmp(slash ? slash + 1 : name, "basedisk") == 0;
}

static bool
disk_known_is_file(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/*
 * Upstream up to 2.0 left the image as it came, "basedisk", beside a qcow2 that stands on it. No guest ever writes to
 * that file, so its own header may be asked.
 */
static int
base_know(const char *dir, struct arena *a, struct disk_known *k, struct error *err)
{
	const char *base = arena_printf(a, "%s/basedisk", dir);
	auto_free char *name = NULL;
	struct image_info info;

	if (strcmp(k->disk.format, "qcow2") != 0 || image_base_name(k->disk.path, &name, err) < 0)
		return strcmp(k->disk.format, "qcow2") != 0 ? 0 : -1;
	if (!disk_known_is_file(base) || (!name && fs_exists(arena_printf(a, "%s/iso", dir))))
		return 0;
	if (image_probe(base, &info, err) < 0)
		return -1;
	if (!name) {
		k->iso = info.iso ? base : NULL;
		return 0;
	}
	k->disk.base = base;
	k->disk.base_format = arena_strdup(a, info.format);
	/* The whole is checked by image_disk_check() when the disk is opened. */
	if (is_named_basedisk(name) && !image_is_base(k->disk.path, name, base))
		k->elsewhere = arena_strdup(a, name);
	return 0;
}

int
disk_known(const char *dir, const char *recorded, struct arena *a, struct disk_known *k, struct error *err)
{
	const char *path, *format;
	int kept, there = disk_known_look(dir, a, &path, NULL, err);

	*k = (struct disk_known){ .disk.path = path };
	if (there <= 0)
		return there;
	kept = note_read(path, a, k, err);
	if (kept < 0)
		return -1;
	format = kept ? k->disk.format : recorded ? recorded : launch_format(dir, strrchr(path, '/'), a);
	if (format)
		k->disk.format = arena_strdup(a, format);
	else if (format_by_header(path, guest_wrote_header(dir), a, k, err) < 0)
		return -1;
	return base_know(dir, a, k, err) < 0 ? -1 : 1;
}

/* The folder of the instance that has the disk now, or had it when this host went down; NULL: none. */
static const char *
holder_dir(const char *folder, struct arena *a)
{
	char to[PATH_MAX];
	ssize_t n = readlink(arena_printf(a, "%s/in_use_by", folder), to, sizeof to - 1);

	return n > 0 ? arena_printf(a, "%.*s", (int)n, to) : NULL;
}

int
disk_known_data(const char *home, const char *name, const char *recorded, struct arena *a, struct disk_known *k, struct error *err)
{
	const char *folder = arena_printf(a, "%s/_disks/%s", home, name), *path = arena_printf(a, "%s/datadisk", folder);
	const char *holder = holder_dir(folder, a), *format;
	int kept;

	*k = (struct disk_known){ .disk.path = path };
	kept = fs_look(path, NULL, err);
	if (kept <= 0)
		return kept;
	kept = note_read(path, a, k, err);
	if (kept < 0)
		return -1;
	format = kept ? k->disk.format : recorded ? recorded :
		 holder ? launch_format(holder, arena_printf(a, "/_disks/%s/datadisk", name), a) : NULL;
	if (format)
		k->disk.format = arena_strdup(a, format);
	else if (format_by_header(path, holder && guest_wrote_header(holder), a, k, err) < 0)
		return -1;
	return 1;
}

int
disk_probe(const char *path, struct image_info *info, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct disk_known k = { 0 };
	int kept = note_read(path, &a, &k, err);

	return kept < 0 ? -1 : kept > 0 ? image_probe_as(path, k.disk.format, info, err) : image_probe(path, info, err);
}
