/* resources/disk.c - the disk of an instance: made from its image once, then only grown */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/size.h"
#include "providers/disk/image.h"
#include "providers/fetch/unpack.h"
#include "resources/instance_paths.h"
#include "resources/fetch.h"

/* A disk may grow; cutting it would cut its partitions. */
static enum cost
judge_size(const char *have, const char *want)
{
	return strtoull(have, NULL, 10) < strtoull(want, NULL, 10) ? COST_UPDATE : COST_REFUSE;
}

static const struct attr attrs[] = {
	{ .name = "size", .cost = COST_UPDATE, .judge = judge_size, .show = SHOW_BYTES },
	{ .name = "format", .cost = COST_NONE },
	{ 0 },
};

extern const struct resource_type resource_disk;

static int
declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r = graph_declare(g, &resource_disk, spec->name, spec->name, wanted(spec));

	(void)env, (void)err;
	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	if (!wanted(spec) || !spec->nimages)
		return 0;
	resource_wantf(g, r, "size", "%" PRIu64, spec->disk_bytes);
	resource_need(g, r, "image", spec->images[0].image.location, NEED_BUILD);
	return 0;
}

/*
 * "size" is what was asked for last while the disk has at least that: one that
 * somebody grew by hand is no reason to refuse the unchanged lima.yaml.
 */
static void
tell_size(struct facts *have, struct arena *a, int64_t actual)
{
	long long asked = facts_int(have, "asked", -1);

	facts_setf(have, a, "actual", "%" PRId64, actual);
	facts_setf(have, a, "size", "%" PRId64, asked >= 0 && asked < actual ? (int64_t)asked : actual);
}

/* looked at once, before a guest could write to it; from then on it is what was recorded */
static int
know_format(const char *path, struct facts *have, struct arena *a, struct error *err)
{
	struct image_info info;

	if (facts_get(have, "format"))
		return 0;
	if (image_probe(path, &info, err) < 0 || image_check_safe(path, &info, err) < 0)
		return -1;
	facts_set(have, a, "format", info.format);
	return 0;
}

static int
observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "disk");
	auto_free char *legacy = instance_path(env, r, "diffdisk");
	const char *stamp;
	int64_t size;
	int there = fs_look_stamp(path, a, &stamp, err);

	if (there == 0 && (there = fs_look_stamp(legacy, a, &stamp, err)) > 0) {
		free(path);
		path = xstrdup(legacy);
	}
	/* to take it away it need not be understood: of a link to a drive that is not mounted, the link goes */
	if (there <= 0)
		return there < 0 && !r->wanted && fs_exists(path) ? 1 : there;
	facts_set(have, a, "path", path);	/* where it is now, whatever was recorded in another place */
	if (facts_same_stamp(have, stamp))
		return 1;
	if (know_format(path, have, a, err) < 0 || image_size(path, facts_get(have, "format"), &size, err) < 0)
		return -1;
	facts_set(have, a, "stamp", stamp);
	tell_size(have, a, size);
	return 1;
}

/* QEMU writes to qcow2 and raw; the rest is converted */
static int
convert(const char *tmp, struct image_info *info, const struct env *env, struct error *err)
{
	auto_free char *to = xasprintf("%s.qcow2", tmp);

	if (!strcmp(info->format, "qcow2") || !strcmp(info->format, "raw"))
		return 0;
	if (image_convert(tmp, info->format, to, "qcow2", env->cancel, err) < 0)
		return -1;
	if (rename(to, tmp) < 0)
		return error_errno(err, "rename %s", to);
	return image_probe(tmp, info, err);
}

static int
grow(const char *path, const struct image_info *info, int64_t want, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *size = size_text(&a, (uint64_t)info->virtual_size_bytes);

	if (want < info->virtual_size_bytes)
		return error_set(err, ERR_REFUSED, "the image is %s large and cannot be made smaller; set `disk: %s` or more",
				 size, size);
	return want == info->virtual_size_bytes ? 0 : image_resize(path, info->format, want, err);
}

/* an installer's ISO is kept beside an empty disk */
static int
make_for_iso(const struct env *env, const struct resource *r, const char *tmp, const char *disk, int64_t size,
	     struct error *err)
{
	auto_free char *iso = instance_path(env, r, "iso");

	return fs_commit(tmp, iso, err) < 0 ? -1 : image_create(disk, "qcow2", size, err);
}

static int
make(const struct env *env, const struct resource *r, const char *disk, int64_t size, struct error *err)
{
	const struct resource *image = resource_needed(r, "image");
	const char *from = image ? facts_get(&image->have, "path") : NULL;
	auto_free char *tmp = fs_tmp(disk);
	struct telling t = { env, r };
	struct unpack u = { .from = from, .to = tmp, .cancel = env->cancel, .progress = tell_progress, .ctx = &t, .mode = 0644 };
	struct image_info info;

	if (!from)
		return error_set(err, ERR_INVALID, "no image to make it from: `images` of lima.yaml has none for this arch");
	if (unpack_file(&u, err) < 0)
		return -1;
	if (image_probe(tmp, &info, err) < 0 || image_check_safe(from, &info, err) < 0)
		goto undo;
	if (info.iso)
		return make_for_iso(env, r, tmp, disk, size, err);
	if (convert(tmp, &info, env, err) == 0 && grow(tmp, &info, size, err) == 0)
		return fs_commit(tmp, disk, err);
undo:
	fs_unlink(tmp, NULL);
	return error_wrap(err, "image %s", from);
}

static int
ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *disk = instance_path(env, r, "disk");
	int64_t size = facts_int(&r->want, "size", 0);
	int there = observe(env, r, have, a, err);

	if (there < 0)
		return -1;
	if (!there && make(env, r, disk, size, err) < 0)
		return -1;
	if (there && facts_int(have, "actual", 0) < size &&
	    image_resize(facts_get(have, "path"), facts_get(have, "format"), size, err) < 0)
		return -1;
	facts_set(have, a, "stamp", NULL);
	facts_setf(have, a, "asked", "%" PRId64, size);
	return observe(env, r, have, a, err) == 1 ? 0 : -1;
}

static int
remove_disk(const struct env *env, const struct resource *r, struct error *err)
{
	static const char *const file[] = { "disk", "disk.tmp", "disk.tmp.qcow2", "iso", "iso.tmp", "diffdisk", "basedisk", "image" };

	for (size_t i = 0; i < ARRAY_LEN(file); i++) {
		auto_free char *path = instance_path(env, r, file[i]);

		if (fs_unlink(path, err) < 0)
			return -1;
	}
	return 0;
}

const struct resource_type resource_disk = {
	.name = "disk",
	.about = "disk of an instance, made from its image",
	.attrs = attrs,
	.precious = true,
	.declare = declare,
	.observe = observe,
	.ensure = ensure,
	.remove = remove_disk,
};
