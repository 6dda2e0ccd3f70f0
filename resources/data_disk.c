/* resources/data_disk.c - a disk of its own, for instances to attach: $LIMA_HOME/_disks/NAME/datadisk */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/disk/image.h"
#include "resources/at_stake.h"
#include "resources/instance_paths.h"
#include "resources/disk_known.h"

static const struct attr attrs[] = {
	{ .name = "size", .cost = COST_UPDATE, .judge = judge_grows, .refusal = DISK_SHRINKS, .show = SHOW_BYTES, .once = true },
	{ .name = "lock", .cost = COST_NONE },	/* "no": nobody's; else who holds it */
	{ .name = "format", .cost = COST_NONE },
	{ 0 },
};

static char *
disk_path(const struct env *env, const struct resource *r, const char *file)
{
	return xasprintf("%s/_disks/%s%s%s", env->home, r->name, file ? "/" : "", file ? file : "");
}

/* Who uses it is the target of a symbolic link, as upstream has it. */
static void
tell_lock(const struct env *env, const struct resource *r, struct facts *have, struct arena *a)
{
	auto_free char *path = disk_path(env, r, "in_use_by");
	char target[4096];
	ssize_t n = readlink(path, target, sizeof target - 1);

	facts_set(have, a, "lock", n > 0 ? arena_memdup(a, target, (size_t)n) : "no");
}

/* Only `disk create` and its like say what a new one would be: for an instance it is there or it is an error. */
static int
data_disk_absent(const struct resource *r, struct error *err)
{
	if (!r->wanted || facts_get(&r->how, "import") || facts_get(&r->want, "size"))
		return 0;
	return error_set(err, ENOENT, "disk `%s` does not exist; run `limactl disk create %s --size SIZE` first", r->name, r->name);
}

static int
data_disk_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = disk_path(env, r, "datadisk");
	struct disk_known k;
	int64_t size;
	struct stat st;
	int there = fs_look(path, &st, err);	/* it may be a link to where the user has more room */

	if (there <= 0)
		return there < 0 && r->wanted ? -1 : there < 0 ? 1 : data_disk_absent(r, err);
	tell_lock(env, r, have, a);
	/* A disk that is only to be removed need not be understood. */
	if (facts_same_stamp(have, fs_stamp_of(a, &st)) || (!r->wanted && r->may_lose))
		return 1;
	if (disk_known_data(env->home, r->name, facts_get(have, "format"), a, &k, err) < 0 || image_disk_check(&k.disk, err) < 0 ||
	    image_size(path, k.disk.format, &size, err) < 0)
		return -1;
	facts_set(have, a, "format", k.disk.format);
	facts_setf(have, a, "size", "%" PRId64, size);
	facts_set(have, a, "stamp", fs_stamp_of(a, &st));
	return 1;
}

/* The format is beside its place before it is there. */
static int
data_disk_import(const char *from, const char *path, struct error *err)
{
	auto_free char *tmp = fs_tmp(path);
	struct image_info info;

	if (disk_probe(from, &info, err) < 0 || image_check_safe(from, &info, err) < 0)
		return -1;
	if (fs_copy(from, tmp, 0644, err) == 0 && image_probe_as(tmp, info.format, &info, err) == 0 &&
	    image_check_safe(from, &info, err) == 0 && disk_keep(path, info.format, -1, -1, err) == 0 && fs_commit(tmp, path, err) == 0)
		return 0;
	fs_unlink(tmp, NULL);
	return -1;
}

static int
defaults_fill(const struct resource *r, const char *path, struct error *err)
{
	const char *format = facts_get(&r->how, "format"), *from = facts_get(&r->how, "import");

	if (from)
		return data_disk_import(from, path, err);
	if (!format)
		format = "qcow2";
	return disk_keep(path, format, -1, -1, err) < 0 ? -1 : image_create(path, format, facts_int(&r->want, "size", 0), err);
}

/* A new disk appears whole or not at all, because a folder of its name is a disk that exists. */
static int
data_disk_make(const struct env *env, const struct resource *r, const char *path, struct error *err)
{
	auto_free char *dir = disk_path(env, r, NULL), *tmp = xasprintf("%s/_disks/.%s.tmp", env->home, r->name);
	auto_free char *inside = xasprintf("%s/datadisk", tmp);
	int there;

	there = fs_look(dir, NULL, err);
	if (there)
		return there < 0 ? -1 : defaults_fill(r, path, err);
	if (fs_remove_tree(tmp, err) < 0 || fs_mkdirs(tmp, 0700, err) < 0)
		return -1;
	if (defaults_fill(r, inside, err) < 0) {
		fs_remove_tree(tmp, NULL);
		return -1;
	}
	return rename(tmp, dir) < 0 ? error_errno(err, "rename %s to %s", tmp, dir) : fs_fsync_parent(dir, err);
}

static int
data_disk_unlock(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *path = disk_path(env, r, "in_use_by");

	return facts_get(&r->how, "unlock") ? fs_unlink(path, err) : 0;
}

static int
data_disk_grow(const struct image_disk *d, int64_t size, struct error *err)
{
	int64_t now;

	if (image_size(d->path, d->format, &now, err) < 0)
		return -1;
	return now < size ? image_resize(d, size, err) : 0;
}

static int
data_disk_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = disk_path(env, r, "datadisk");
	int64_t size = facts_int(&r->want, "size", 0);
	struct disk_known k;
	int there = disk_known_data(env->home, r->name, facts_get(have, "format"), a, &k, err);

	if (there < 0 || (!there && data_disk_make(env, r, path, err) < 0))
		return -1;
	if (there && (disk_keep_known(&k, err) < 0 || data_disk_grow(&k.disk, size, err) < 0))
		return -1;
	facts_set(have, a, "stamp", NULL);
	if (data_disk_unlock(env, r, err) < 0)
		return -1;
	return data_disk_observe(env, r, have, a, err) == 1 ? 0 : error_set(err, EIO, "%s: gone right after it was made", path);
}

static int
data_disk_remove(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = disk_path(env, r, NULL);

	return fs_remove_tree(dir, err);
}

static uint64_t
data_disk_at_stake(const struct env *env, const struct resource *r)
{
	auto_free char *path = disk_path(env, r, "datadisk");

	return at_stake_in(path);
}

const struct resource_type resource_data_disk = {
	.at_stake = data_disk_at_stake,
	.name = "data-disk",
	.about = "a disk of its own, for instances to attach",
	.attrs = attrs,
	.precious = "it holds data, so only `limactl disk delete` removes it",
	.lifetime = SHARED_KEPT,
	.observe = data_disk_observe,
	.ensure = data_disk_ensure,
	.remove = data_disk_remove,
};
