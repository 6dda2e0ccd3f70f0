/*
 * The way back to a generation (generation.h)
 *
 * It is noted first, so that whoever comes after a kill goes on with it, whatever he was asked for: a disk that has been put away and
 * not yet replaced must not look like one that was never made. Each step finds out whether it has been done.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/snapshots.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"
#include "resources/disk_known.h"
#include "resources/generation.h"
#include "resources/generation_keep.h"

enum { MARK_MAX = 256 };

struct way_back {
	int to, keeps;		/* generations: the one that is wanted, and the one that gets the present state */
	int file, snapshot;	/* where its disk is, as found before the first step: 0: with the instance */
};

static int
way_read(const char *dir, struct way_back *w, struct error *err)
{
	auto_free char *path = xasprintf("%s/" GENERATION_BACK, dir);
	AUTO(buf) text = BUF_INIT;
	int there = fs_read_if(path, &text, MARK_MAX, err);

	*w = (struct way_back){ 0 };
	if (there <= 0)
		return there;
	if (sscanf(text.s, "to %d\nkeeps %d\nfile %d\nsnapshot %d", &w->to, &w->keeps, &w->file, &w->snapshot) != 4 || w->to <= 0 || w->keeps <= 0)
		return error_set(err, ERR_INVALID, "%s: cannot be understood; it says which of the folders beside it the disk is to be taken from", path);
	return 1;
}

static int
way_begin(const struct env *env, const char *dir, int to, struct way_back *w, struct error *err)
{
	auto_free char *path = xasprintf("%s/" GENERATION_BACK, dir);
	AUTO(generations) all = { 0 };
	const struct generation *g;
	struct generation_disk d;
	struct generation keeps;
	AUTO(buf) b = BUF_INIT;

	if (generation_open(env, dir, &keeps, err) < 0 || generations_read(&all, dir, err) < 0)
		return -1;
	g = generations_find(&all, to);
	if (!g || to == keeps.number)
		return error_set(err, ENOENT, "there is no generation %d to go back to", to);
	d = generation_disk(&all, g);
	*w = (struct way_back){ to, keeps.number, d.file ? d.file->number : 0, d.snapshot ? d.snapshot->number : 0 };
	if (!w->file && !w->snapshot)
		return 0;	/* it goes with the disk that is there */
	buf_addf(&b, "to %d\nkeeps %d\nfile %d\nsnapshot %d\n", w->to, w->keeps, w->file, w->snapshot);
	return fs_write(path, b.s, b.len, 0600, err) < 0 ? -1 : 1;
}

/* Its place is empty by now, but for what a killed run has put there already. */
static int
way_take_file(const char *dir, int number, struct error *err)
{
	static const char *const with[] = { "disk.format", "basedisk", "disk" };	/* the disk is last */
	auto_free char *diff = xasprintf("%s/diffdisk", dir), *diff_format = xasprintf("%s/diffdisk.format", dir);
	auto_free char *disk = xasprintf("%s/disk", dir), *from_disk = generation_path(dir, number, "disk");

	if (!fs_exists(from_disk))
		return 0;
	/* a link that pointed to what has been moved */
	if (fs_unlink(disk, err) < 0 || fs_unlink(diff, err) < 0 || fs_unlink(diff_format, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(with); i++) {
		auto_free char *from = generation_path(dir, number, with[i]), *to = xasprintf("%s/%s", dir, with[i]);

		if (rename(from, to) < 0 && errno != ENOENT)
			return error_errno(err, "rename %s to %s", from, to);
	}
	return fs_fsync_parent(disk, err) < 0 ? -1 : fs_fsync_parent(from_disk, err);
}

/* What is here now goes to the generation that keeps it, unless that has it already, or this is what was to come. */
static int
way_put_away(const struct way_back *w, const char *dir, struct error *err)
{
	auto_free char *has = generation_path(dir, w->keeps, "disk"), *next = generation_path(dir, w->file, "disk");
	auto_free char *base = xasprintf("%s/basedisk", dir);
	AUTO(arena) a = { 0 };
	struct disk_known k;
	int there = fs_exists(has) || !fs_exists(next) ? 0 : disk_known(dir, NULL, &a, &k, err);

	if (there < 0)
		return -1;
	if (!there)
		return 0;
	if (!generation_can_move(&k))
		return error_set(err, ERR_REFUSED, "%s is a link, and what it leads to is not put away", k.disk.path);
	return generation_move(dir, w->keeps, &k, err) < 0 ? -1 : fs_unlink(base, err);
}

static int
way_load(const struct env *env, const struct way_back *w, const char *dir, struct error *err)
{
	AUTO(arena) a = { 0 };
	AUTO(generations) all = { 0 };
	const struct generation *keeps;
	struct disk_known k;
	char tag[32];
	int there = disk_known(dir, NULL, &a, &k, err);

	if (there <= 0 || generations_read(&all, dir, err) < 0)
		return there == 0 ? error_set(err, ENOENT, "%s: there is no disk in it", dir) : -1;
	keeps = generations_find(&all, w->keeps);
	if (!w->file && keeps) {
		struct generation g = *keeps;

		if (generation_snapshot(dir, &g, &k, env->cancel, err) < 0)
			return -1;
	}
	return snapshots_do(dir, &k.disk, SNAPSHOT_LOAD, generation_tag(tag, w->snapshot), env->cancel, err);
}

static int
way_walk(const struct env *env, const struct way_back *w, const char *dir, struct error *err)
{
	auto_free char *mark = xasprintf("%s/" GENERATION_BACK, dir);

	if (w->file && (way_put_away(w, dir, err) < 0 || way_take_file(dir, w->file, err) < 0))
		return -1;
	if (w->snapshot && way_load(env, w, dir, err) < 0)
		return -1;
	return fs_unlink(mark, err) < 0 ? -1 : fs_fsync_parent(mark, err);
}

int
generation_begin_back(const struct env *env, const char *dir, const char *want, struct error *err)
{
	struct way_back w;

	return generation_back_begun(dir) ? 0 : way_begin(env, dir, (int)strtol(want, NULL, 10), &w, err) < 0 ? -1 : 0;
}

int
generation_go_back(const struct env *env, const struct resource *r, const char *dir, const char *want, struct error *err)
{
	int begun, to = want ? (int)strtol(want, NULL, 10) : 0;
	struct way_back w;

	/* What somebody else has begun comes first. */
	do {
		begun = way_read(dir, &w, err);
		if (begun == 0 && to > 0)
			begun = way_begin(env, dir, to, &w, err);
		if (begun <= 0)
			return begun;
		if (way_walk(env, &w, dir, err) < 0)
			return error_wrap(err, "on the way back to generation %d", w.to);
		env->say(env, SAY_INFO, "The disk of `%s` is that of generation %d; the one that it had is kept as generation %d", r->owner, w.to, w.keeps);
	} while (to > 0 && w.to != to);
	return 1;
}

bool
generation_back_begun(const char *dir)
{
	auto_free char *mark = xasprintf("%s/" GENERATION_BACK, dir);

	return fs_exists(mark);
}

int
generation_back_give_up(const char *dir, struct error *err)
{
	auto_free char *mark = xasprintf("%s/" GENERATION_BACK, dir);

	return fs_unlink(mark, err);
}
