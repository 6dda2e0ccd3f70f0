/* resources/base.c - an image as disks of several instances stand on it (base.h) */
#include "resources/base.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/size.h"
#include "providers/disk/image.h"
#include "providers/fetch/cache.h"
#include "providers/fetch/unpack.h"
#include "providers/written.h"
#include "resources/disk_known.h"
#include "resources/fetch.h"
#include "resources/instance_paths.h"
#include "resources/warm.h"

enum { SOURCE_MAX = 8192 };
#define MOST_BYTES (INT64_C(100) << 30)	/* of one that nobody tells the size of its disk */

static const struct attr attrs[] = {
	{ .name = "bytes", .cost = COST_NONE, .show = SHOW_BYTES },
	{ .name = "machines", .cost = COST_NONE },
	{ 0 },
};

extern const struct resource_type resource_base;

char *
base_path(const struct env *env, const char *name, const char *file)
{
	return xasprintf("%s/_bases/%016" PRIx64 "%s%s", env->home, hash_text(HASH_START, name), file ? "/" : "", file ? file : "");
}

static bool
base_has(const char *dir, const char *file)
{
	auto_free char *path = xasprintf("%s/%s", dir, file);

	return fs_exists(path);
}

bool
base_is_used(const struct env *env, const struct spec *spec)
{
	auto_free char *dir = xasprintf("%s/%s", env->home, spec->name);

	/* The disk of one that may be saved, or begins from one that was, stands on nothing else. */
	if (warm_parks(spec))
		return false;
	/* It is made only while the disk is. */
	if (!strcmp(spec->disk_mode, "overlay"))
		return true;
	if (!strcmp(spec->disk_mode, "copy") || !*spec->fleet)
		return false;
	return base_has(dir, "basedisk") || (!base_has(dir, "disk") && !base_has(dir, "diffdisk"));
}

static int
base_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r;
	char most[24];

	(void)err;
	if (!spec->nimages || !base_is_used(env, spec))
		return 0;
	r = graph_declare(g, &resource_base, "", spec->images[0].image.location, false);
	if (!instance_paths_wanted(spec))
		return 0;
	resource_need(g, r, "image", spec->images[0].image.location, NEED_BUILD);
	/* An image may unpack to what the largest of their disks holds. */
	if ((int64_t)spec->disk_bytes > facts_int(&r->how, "most", 0)) {
		snprintf(most, sizeof most, "%" PRIu64, spec->disk_bytes);
		resource_how(g, r, "most", most);
	}
	return 0;
}

/* --- who stands on it --- */

static int
base_tell_machines(const struct env *env, const struct stat *base, struct facts *have, struct arena *a, struct error *err)
{
	auto_dir DIR *d = opendir(env->home);
	nlink_t left = base->st_nlink;
	AUTO(buf) list = BUF_INIT;

	if (!d)
		return error_errno(err, "open %s", env->home);
	for (struct dirent *e; left > 1 && (e = readdir(d));) {
		auto_free char *path = xasprintf("%s/%s/basedisk", env->home, e->d_name);
		struct stat st;

		if (*e->d_name == '.' || *e->d_name == '_' || lstat(path, &st) < 0 || st.st_ino != base->st_ino || st.st_dev != base->st_dev)
			continue;
		buf_addf(&list, "%s%s", list.len ? ", " : "", e->d_name);
		left--;
	}
	facts_set(have, a, "machines", list.len ? arena_strdup(a, list.s) : NULL);
	return 0;
}

static int
base_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = base_path(env, r->name, "base");
	struct stat st;
	int there = fs_look(path, &st, err);

	if (there <= 0)
		return there;
	facts_set(have, a, "path", path);
	facts_setf(have, a, "bytes", "%" PRIu64, (uint64_t)st.st_blocks * 512);
	return base_tell_machines(env, &st, have, a, err) < 0 ? -1 : 1;
}

/* --- how it is made --- */

/* What it was made of: by digest, or else as the file was then. */
static const char *
base_source(const char *from, const char *digest, struct arena *a)
{
	const char *stamp = fs_stamp(a, from);

	return digest && *digest ? arena_printf(a, "%s\n", digest) : arena_printf(a, "%s %s\n", from, stamp ? stamp : "");
}

static bool
base_is_of(const char *path, const char *note, const char *source)
{
	AUTO(buf) have = BUF_INIT;

	return fs_exists(path) && fs_read_if(note, &have, SOURCE_MAX, NULL) == 1 && !strcmp(have.s, source);
}

/* A machine reads qcow2 and raw; the rest is converted. What would have it open other files is refused. */
static int
base_convert(const struct env *env, const char *from, const char *tmp, int64_t most, struct error *err)
{
	auto_free char *to = xasprintf("%s.qcow2", tmp), *keep = disk_keep_path(from);
	struct image_info info;
	int r = fs_exists(keep) ? disk_probe(from, &info, err) : image_probe(tmp, &info, err);

	if (r < 0 || image_check_safe(tmp, &info, err) < 0)
		return -1;
	if (!strcmp(info.format, "qcow2") || !strcmp(info.format, "raw"))
		return 0;
	if (image_convert(&(struct image_convert){ tmp, info.format, to, "qcow2", most, env->cancel }, err) < 0)
		return -1;
	return rename(to, tmp) < 0 ? error_errno(err, "rename %s", to) : 0;
}

/* Nobody is to write to it by accident. */
static int
base_commit(const char *tmp, const char *path, struct error *err)
{
	return chmod(tmp, 0444) < 0 ? error_errno(err, "chmod %s", tmp) : fs_commit(tmp, path, err);
}

static int
base_make(const struct env *env, const struct resource *r, const char *from, const char *digest, const char *path, struct error *err)
{
	auto_free char *tmp = fs_tmp(path);
	struct telling t = { env, r };
	int64_t most = facts_int(&r->how, "most", MOST_BYTES);
	struct unpack u = { .from = from, .to = tmp, .cancel = env->cancel, .progress = tell_progress, .ctx = &t, .mode = 0444,
			    .max_bytes = UNPACK_MAX_FOR(most), .digest = digest };

	if (written_check(env->home, from, err) < 0 || unpack_file(&u, err) < 0)
		return -1;
	if (base_convert(env, from, tmp, most, err) < 0 || base_commit(tmp, path, err) < 0) {
		fs_unlink(tmp, NULL);
		return -1;
	}
	return 0;
}

static int
base_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = base_path(env, r->name, NULL), *path = base_path(env, r->name, "base"), *note = base_path(env, r->name, "source");
	const struct resource *image = resource_needed(r, "image");
	const char *from = image ? facts_get(&image->have, "path") : NULL, *digest, *source;

	if (!from)
		return error_set(err, ERR_INVALID, "no image to make it from");
	digest = image_digest(image, "path", a);
	source = base_source(from, digest, a);
	/* The note goes first, so that it never speaks of another file. */
	if (!base_is_of(path, note, source) &&
	    (fs_mkdirs(dir, 0700, err) < 0 || fs_unlink(note, err) < 0 || base_make(env, r, from, digest, path, err) < 0 ||
	     fs_write(note, source, strlen(source), 0600, err) < 0))
		return error_wrap(err, "image %s", from);
	return base_observe(env, r, have, a, err) == 1 ? 0 : -1;
}

static void
base_reads(const struct env *env, const struct resource *r, struct facts *files, struct arena *a)
{
	(void)env;
	fetch_reads_part(r, "image", "path", files, a);
}

static int
base_remove(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = base_path(env, r->name, NULL);

	return fs_remove_tree(dir, err);
}

const struct resource_type resource_base = {
	.name = "base",
	.attrs = attrs,
	.at_once = 2,
	.lifetime = SHARED_WHILE_USED,
	.users = "machines",
	.declare = base_declare,
	.observe = base_observe,
	.reads = base_reads,
	.ensure = base_ensure,
	.remove = base_remove,
};
