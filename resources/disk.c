/* resources/disk.c - the disk of an instance: made from its image once, then only grown */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/size.h"
#include "providers/disk/image.h"
#include "resources/at_stake.h"
#include "resources/base.h"
#include "resources/disk_known.h"
#include "resources/disk_live.h"
#include "resources/disk_make.h"
#include "resources/fetch.h"
#include "resources/generation.h"
#include "resources/instance_copy.h"
#include "resources/instance_files.h"
#include "resources/instance_paths.h"
#include "resources/warm.h"

/* Nothing is told of it but that the way back was begun. */
static enum cost
judge_generation(const char *have, const char *want)
{
	return strcmp(have && *have ? have : GENERATION_PRESENT, want) != 0 ? COST_UPDATE : COST_NONE;
}

/* A size that has no short word is told in bytes. */
static const char *
disk_adopt(const struct resource *r, struct arena *a)
{
	uint64_t actual = (uint64_t)facts_int(&r->have, "actual", 0), told;
	const char *text = size_text(a, actual);

	if (!actual)
		return NULL;
	return size_parse(&told, text, NULL) == 0 && told == actual ? arena_printf(a, ".disk = \"%s\"", text) : arena_printf(a, ".disk = \"%" PRIu64 "\"", actual);
}

static const struct attr attrs[] = {
	{ .name = "size", .cost = COST_UPDATE, .judge = judge_grows, .refusal = DISK_SHRINKS, .show = SHOW_BYTES, .key = "disk", .live = "grows" },
	/* by somebody else: it is kept, and remembered */
	{ .name = "grown", .cost = COST_UPDATE, .judge = judge_known_update, .adopt = disk_adopt, .stays = "a disk does not shrink, so it stays as it is" },
	{ .name = "record", .cost = COST_UPDATE, .judge = judge_known_update },	/* of its format, beside it */
	{ .name = "stands on", .cost = COST_UPDATE, .judge = judge_known_update },	/* the basedisk of another place */
	{ .name = GENERATION_WANT, .cost = COST_UPDATE, .judge = judge_generation, .once = true },	/* of apply --undo, or of one that was killed */
	{ .name = "format", .cost = COST_NONE },
	{ .name = "grows", .cost = COST_NONE, .show = SHOW_NEVER },	/* under the machine that runs */
	{ 0 },
};

extern const struct resource_type resource_disk;

static int
disk_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r = graph_declare(g, &resource_disk, spec->name, spec->name, instance_paths_wanted(spec));

	(void)err;
	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	/* Who may log in is known to a machine that is saved. */
	if (warm_parks(spec))
		resource_need(g, r, "sshkey", "user", NEED_BUILD);
	if (!spec->nimages)
		return 0;
	/* Also of one that goes: a base goes behind the last disk on it. */
	if (base_is_used(env, spec))
		resource_need(g, r, "base", spec->images[0].image.location, NEED_BUILD);
	if (!instance_paths_wanted(spec))
		return 0;
	resource_wantf(g, r, "size", "%" PRIu64, spec->disk_bytes);
	resource_want(g, r, "grown", "kept");
	resource_want(g, r, "record", "disk.format");
	resource_want(g, r, "stands on", "basedisk");
	resource_want(g, r, GENERATION_WANT, GENERATION_PRESENT);
	if (!base_is_used(env, spec))
		resource_need(g, r, "image", spec->images[0].image.location, NEED_BUILD);
	return 0;
}

/*
 * "size" is what was asked for last while the disk has at least that: one that somebody grew by hand is no reason to
 * refuse the unchanged lima.yaml. Where nobody knows what was asked, it was what is asked now.
 */
static void
tell_size(const struct resource *r, const struct disk_known *k, struct facts *have, struct arena *a, int64_t actual)
{
	int64_t asked = k->asked >= 0 ? k->asked : facts_int(have, "asked", facts_int(&r->want, "size", actual));

	facts_setf(have, a, "actual", "%" PRId64, actual);
	facts_setf(have, a, "size", "%" PRId64, asked < actual ? asked : actual);
	facts_set(have, a, "grown", NULL);
	if (k->left >= 0 && actual > k->left)
		facts_setf(have, a, "grown", "from %s to %s by somebody else", size_text(a, (uint64_t)k->left),
			   size_text(a, (uint64_t)actual));
}

static void
tell_known(const struct resource *r, const struct disk_known *k, struct facts *have, struct arena *a, int64_t actual)
{
	facts_set(have, a, "format", k->disk.format);
	facts_set(have, a, "record", k->kept ? NULL : "none");
	facts_set(have, a, "stands on", k->elsewhere);
	tell_size(r, k, have, a, actual);
}

/* The stamp covers the disk and what is kept beside it. */
static int
stamp_of(const char *path, const struct stat *st, struct arena *a, const char **stamp, struct error *err)
{
	auto_free char *keep = disk_keep_path(path);
	const char *note = NULL;

	if (fs_look_stamp(keep, a, &note, err) < 0)
		return -1;
	*stamp = arena_printf(a, "%s %s", fs_stamp_of(a, st), note ? note : "");
	return 0;
}

/* One that is only to be removed, or thrown away for a new one, need not be understood. */
static bool
disk_goes(const struct resource *r)
{
	return !r->wanted || (r->remake && !r->down);
}

static int
disk_look_file(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	const char *path, *stamp;
	struct disk_known k;
	struct stat st;
	int64_t size;
	int there = disk_known_look(dir, a, &path, &st, err);

	/* Of a link to a drive that is not mounted, the link goes, where nothing takes its place. */
	if (there <= 0 || !r->wanted)
		return there < 0 && !r->wanted && fs_exists(path) ? 1 : there;
	if (stamp_of(path, &st, a, &stamp, err) < 0)
		return -1;
	if (facts_same_stamp(have, stamp))
		return 1;
	if (disk_known(dir, facts_get(have, "format"), a, &k, err) < 0 || (!k.elsewhere && image_disk_check(&k.disk, err) < 0) ||
	    image_size(k.disk.path, k.disk.format, &size, err) < 0)
		return disk_goes(r) ? 1 : -1;
	facts_set(have, a, "stamp", stamp);
	tell_known(r, &k, have, a, size);
	/* The format is written down when the machine stops; it is not restarted for that. */
	if (instance_runs(env, r)) {
		facts_set(have, a, "record", NULL);
		facts_set(have, a, "grown", NULL);
		facts_set(have, a, "stamp", k.kept ? stamp : NULL);
	}
	return 1;
}

/* The size of a disk that is to make place for another one counts for nothing: it is that one's. */
static void
tell_generation(const char *dir, const struct resource *r, struct facts *have, struct arena *a)
{
	const char *want = facts_get(&r->want, GENERATION_WANT);
	bool begun = generation_back_begun(dir);

	facts_set(have, a, GENERATION_WANT, begun ? "half another one" : NULL);
	if (begun || (want && strcmp(want, GENERATION_PRESENT) != 0))
		facts_set(have, a, "size", facts_get(&r->want, "size"));
}

/* Only of what is to be done is it asked: nobody else needs to know. */
static void
tell_grows(const char *dir, const struct resource *r, struct facts *have, struct arena *a)
{
	bool done = !r->unfinished && facts_int(have, "size", 0) >= facts_int(&r->want, "size", 0);

	facts_set(have, a, "grows", !done && disk_live_can(dir, NULL) ? "live" : NULL);
}

static int
disk_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	int there = disk_look_file(env, r, have, a, err);

	if (there == 1 && r->wanted) {
		tell_generation(dir, r, have, a);
		tell_grows(dir, r, have, a);
	}
	return there;
}

/* What there is becomes what is wanted: it stands on its own base, and is large enough. */
static int
disk_mend(const struct env *env, const struct resource *r, const char *dir, const struct disk_known *k, int64_t size, struct error *err)
{
	int64_t actual;

	if (disk_live_can(dir, NULL))
		return disk_live_mend(env, r, k, size, err);
	if (k->elsewhere && image_rebase(&k->disk, "basedisk", err) < 0)
		return -1;
	if (image_disk_check(&k->disk, err) < 0 || image_size(k->disk.path, k->disk.format, &actual, err) < 0 ||
	    (actual < size && (generation_keep_copy(env, r, dir, k, err) < 0 || image_resize(&k->disk, size, err) < 0)))
		return -1;
	return disk_keep(k->disk.path, k->disk.format, size, actual < size ? size : actual, err);
}

/* One that is made anew is no old one, whatever was begun. */
static int
disk_go_back(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	const char *want = facts_get(&r->want, GENERATION_WANT);

	if (generations_half(dir, true, err) < 0)
		return -1;
	if (r->remake || r->down)
		return generation_back_give_up(dir, err);
	return generation_go_back(env, r, dir, want && strcmp(want, GENERATION_PRESENT) != 0 ? want : NULL, err);
}

/* One that makes place for a new one is kept; with its instance it goes. */
static int
disk_remove(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);

	/* A copy that goes as a whole: where its folder cannot go, it keeps the disk that is a copy, and none is made of an image in its place. */
	if (facts_get(&r->how, DISK_GOES_WITH_FOLDER))
		return 0;
	if (r->down && r->up && generation_keep_moved(env, r, dir, err) < 0)
		return -1;
	return instance_files_remove(env, r, err);
}

static int
disk_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *disk = instance_path(env, r, "disk"), *dir = instance_path(env, r, NULL);
	int64_t size = facts_int(&r->want, "size", 0);
	struct disk_known k;
	int there = disk_go_back(env, r, dir, err) < 0 ? -1 : disk_known(dir, facts_get(have, "format"), a, &k, err);

	if (there < 0 || (there ? disk_mend(env, r, dir, &k, size, err) < 0 : disk_make_new(env, r, disk, size, a, err) < 0))
		return -1;
	facts_set(have, a, "stamp", NULL);
	facts_setf(have, a, "asked", "%" PRId64, size);
	return disk_observe(env, r, have, a, err) == 1 ? 0 : -1;
}

/* What a local image has is copied where its file system cannot share it: that much is to be free. */
static int
disk_check(const struct env *env, const struct resource *r, struct error *err)
{
	const char *from = r->spec->nimages ? r->spec->images[0].image.location : "";
	uint64_t bytes = *from == '/' ? at_stake_in(from) : 0, size = (uint64_t)facts_int(&r->want, "size", 0), room;
	AUTO(arena) a = { 0 };

	bytes = bytes < size ? bytes : size;
	if ((r->present && !r->down) || !bytes || !fs_free_bytes(env->home, &room) || room >= bytes || fs_may_clone(from, env->home))
		return 0;
	return error_set(err, ENOSPC, "disk: there is no room for the %s of data of the image %s", size_text(&a, bytes), from);
}

/* One that is there is grown, and not made of its image again. */
static void
disk_reads(const struct env *env, const struct resource *r, struct facts *files, struct arena *a)
{
	(void)env;
	if (!r->present || r->down)
		fetch_reads_part(r, "image", "path", files, a);
}

static uint64_t
disk_at_stake(const struct env *env, const struct resource *r)
{
	auto_free char *disk = instance_path(env, r, "disk"), *diff = instance_path(env, r, "diffdisk");

	uint64_t bytes = at_stake_in(disk);

	return bytes ? bytes : at_stake_in(diff);	/* that is what earlier versions call it */
}

const struct resource_type resource_disk = {
	.detail = disk_live_detail,
	.at_stake = disk_at_stake,
	.check = disk_check,
	.reads = disk_reads,
	.name = "disk",
	.about = "the instance's disk: made from its image once, then only grown",
	.attrs = attrs,
	.precious = "it holds data, so only `limactl delete` or `factory-reset` of its instance removes it, and --replace with --allow-data-loss",
	.declare = disk_declare,
	.observe = disk_observe,
	.ensure = disk_ensure,
	.remove = disk_remove,
};
