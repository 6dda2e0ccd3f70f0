#include "resources/disk_make.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/size.h"
#include "providers/disk/image.h"
#include "providers/fetch/unpack.h"
#include "providers/written.h"
#include "resources/disk_known.h"
#include "resources/fetch.h"
#include "resources/instance_paths.h"
#include "resources/warm.h"

/* A machine writes to qcow2 and raw; the rest is converted. */
static int
disk_convert(const char *tmp, struct image_info *info, int64_t size, const struct env *env, struct error *err)
{
	auto_free char *to = xasprintf("%s.qcow2", tmp);

	if (!strcmp(info->format, "qcow2") || !strcmp(info->format, "raw"))
		return 0;
	if (image_convert(&(struct image_convert){ tmp, info->format, to, "qcow2", size, env->cancel }, err) < 0)
		return -1;
	if (rename(to, tmp) < 0)
		return error_errno(err, "rename %s", to);
	return image_probe_as(tmp, "qcow2", info, err);
}

/* Before anything is made of it: what is larger than the disk is to be does not become one. */
static int
disk_check_one(const char *path, const struct image_info *info, int64_t want, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *size = size_text(&a, (uint64_t)info->virtual_size_bytes);

	if (image_check_safe(path, info, err) < 0)
		return -1;
	if (!info->iso && want < info->virtual_size_bytes)
		return error_set(err, ERR_REFUSED, "the image is %s large and cannot be made smaller; set `disk: %s` or more",
				 size, size);
	return 0;
}

/* The format is beside its place before it is there. */
static int
disk_commit(const char *tmp, const char *disk, const char *format, int64_t size, struct error *err)
{
	return disk_keep(disk, format, size, size, err) < 0 ? -1 : fs_commit(tmp, disk, err);
}

/* An installer's ISO is kept beside an empty disk. */
static int
disk_make_for_iso(const struct env *env, const struct resource *r, const char *tmp, const char *disk, int64_t size,
	     struct error *err)
{
	auto_free char *iso = instance_path(env, r, "iso");

	if (fs_commit(tmp, iso, err) < 0 || disk_keep(disk, "qcow2", size, size, err) < 0)
		return -1;
	return image_create(disk, "qcow2", size, err);
}

static int
disk_make_of(const struct env *env, const struct resource *r, const char *tmp, const char *disk, struct image_info *info, int64_t size,
	struct error *err)
{
	struct image_disk d = { .path = tmp };

	if (info->iso)
		return disk_make_for_iso(env, r, tmp, disk, size, err);
	if (disk_convert(tmp, info, size, env, err) < 0 || disk_check_one(tmp, info, size, err) < 0)
		return -1;
	d.format = info->format;
	return image_resize(&d, size, err) < 0 ? -1 : disk_commit(tmp, disk, info->format, size, err);
}

/* One that is not packed is looked at before it is copied: it may be larger than there is room. */
static int
disk_check_source(const char *from, int64_t size, struct error *err)
{
	struct image_info info;
	int packed = unpack_is_packed(from, err);

	if (packed)
		return packed < 0 ? -1 : 0;
	return disk_probe(from, &info, err) < 0 ? -1 : disk_check_one(from, &info, size, err);
}

/* The copy of what has its format beside it is of that format. */
static int
disk_probe_copy(const char *from, const char *tmp, struct image_info *info, struct error *err)
{
	auto_free char *keep = disk_keep_path(from);

	if (!fs_exists(keep))
		return image_probe(tmp, info, err);
	return disk_probe(from, info, err) < 0 ? -1 : image_probe_as(tmp, info->format, info, err);
}

/* 1: it stands on the base; 0: it cannot, since the base is on another file system, or has too many names. */
static int
disk_stand_on(const struct env *env, const struct resource *r, const char *base, const struct image_info *info, const char *disk,
	      int64_t size, struct error *err)
{
	auto_free char *own = instance_path(env, r, "basedisk");

	if (link(base, own) < 0)
		return errno == EXDEV || errno == EMLINK || errno == EPERM ? 0 : error_errno(err, "link %s to %s", base, own);
	if (disk_keep(disk, "qcow2", size, size, err) < 0 || image_create_on(disk, size, "basedisk", info->format, err) < 0)
		return -1;
	return 1;
}

/* Bytes are shared with the base where that can be, and copied only where it cannot. No guest has written to a base, so its header counts. */
static int
disk_make_of_base(const struct env *env, const struct resource *r, const char *disk, int64_t size, struct error *err)
{
	const char *base = facts_get(&resource_needed(r, "base")->have, "path");
	bool overlay = r->spec && !strcmp(r->spec->disk_mode, "overlay");
	auto_free char *tmp = fs_tmp(disk);
	struct image_info info;
	int done = 0;

	if (!base || image_probe(base, &info, err) < 0 || disk_check_one(base, &info, size, err) < 0)
		return base ? -1 : error_set(err, ERR_INVALID, "there is no base to make it from");
	if (!overlay || info.iso)
		done = fs_clone(base, tmp, 0644, err);
	if (done == 0 && !info.iso && (done = disk_stand_on(env, r, base, &info, disk, size, err)) != 0)
		return done < 0 ? -1 : 0;
	if (done == 0)
		done = fs_copy(base, tmp, 0644, err);
	if (done >= 0 && disk_make_of(env, r, tmp, disk, &info, size, err) == 0)
		return 0;
	fs_unlink(tmp, NULL);
	return -1;
}

static int
disk_make_of_image(const struct env *env, const struct resource *r, const char *disk, int64_t size, struct arena *a, struct error *err)
{
	const struct resource *image = resource_needed(r, "image");
	const char *from = image ? facts_get(&image->have, "path") : NULL;
	auto_free char *tmp = fs_tmp(disk);
	struct telling t = { env, r };
	struct unpack u = { .from = from, .to = tmp, .cancel = env->cancel, .progress = tell_progress, .ctx = &t, .mode = 0644,
			    .max_bytes = UNPACK_MAX_FOR(size) };
	struct image_info info;

	if (!from)
		return error_set(err, ERR_INVALID, "no image to make it from: `images` of lima.yaml has none for this arch");
	u.digest = image_digest(image, "path", a);
	/* A guest could have put a link to another file of this host in its place, which it would then read as its disk. */
	if (written_check(env->home, from, err) < 0 || disk_check_source(from, size, err) < 0)
		return error_wrap(err, "image %s", from);
	if (unpack_file(&u, err) < 0)
		return err && err->code == EFBIG ? error_wrap(err, "`disk` is %s, but the image", size_text(a, (uint64_t)size)) : -1;
	if (disk_probe_copy(from, tmp, &info, err) == 0 && disk_check_one(from, &info, size, err) == 0 &&
	    disk_make_of(env, r, tmp, disk, &info, size, err) == 0)
		return 0;
	fs_unlink(tmp, NULL);
	return error_wrap(err, "image %s", from);
}

int
disk_make_new(const struct env *env, const struct resource *r, const char *disk, int64_t size, struct arena *a, struct error *err)
{
	auto_free char *own = instance_path(env, r, "basedisk"), *dir = instance_path(env, r, NULL);
	int saved;

	if (fs_unlink(own, err) < 0 || warm_disk_forget(dir, err) < 0 || (saved = warm_disk_make(env, r, disk, size, a, err)) < 0)
		return -1;
	if (!saved && (resource_needed(r, "base") ? disk_make_of_base(env, r, disk, size, err) : disk_make_of_image(env, r, disk, size, a, err)) < 0)
		return -1;
	return warm_disk_note(env, r, disk, saved, a, err);
}
