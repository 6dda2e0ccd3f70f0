/* How a generation comes to be, and goes (generation.h) */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/driver.h"
#include "providers/snapshots.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"
#include "resources/disk_known.h"
#include "resources/generation.h"
#include "resources/generation_keep.h"

enum { MAX_YAML = 4 << 20, MOST = 20, MOST_DISKS = 3, OLD_S = 30 * 24 * 3600, QCOW2_HEAD = 8, QCOW2_VERSION = 7 };

static void
note_text(struct buf *b, const struct generation *g)
{
	buf_addf(b, "run %" PRId64 "\nwhen %" PRId64 "\nin %d\nsnapshot %d\n", g->run, g->when_s, g->in, g->snapshot);
}

int
generation_note(const char *dir, const struct generation *g, struct error *err)
{
	auto_free char *path = generation_path(dir, g->number, "note");
	AUTO(buf) b = BUF_INIT;

	note_text(&b, g);
	return fs_write(path, b.s, b.len, 0600, err);
}

/* The text that the instance has, by name: it appears with its note or not at all. */
static int
generation_make(const char *dir, const struct generation *g, const char *text, size_t len, struct error *err)
{
	auto_free char *tmp = xasprintf("%s/" GENERATIONS "/.%d.tmp", dir, g->number), *path = generation_path(dir, g->number, NULL);
	auto_free char *yaml = xasprintf("%s/lima.yaml", tmp), *note = xasprintf("%s/note", tmp);
	AUTO(buf) b = BUF_INIT;

	note_text(&b, g);
	if (fs_remove_tree(tmp, err) < 0 || fs_mkdirs(tmp, 0700, err) < 0 || fs_write(yaml, text, len, 0600, err) < 0 ||
	    fs_write(note, b.s, b.len, 0600, err) < 0)
		return -1;
	return rename(tmp, path) < 0 ? error_errno(err, "rename %s to %s", tmp, path) : fs_fsync_parent(path, err);
}

/* Its text is this one, and so is its disk: that of the instance. */
static bool
generation_is_now(const char *dir, const struct generations *all, const struct generation *g, const struct buf *text)
{
	auto_free char *yaml = generation_path(dir, g->number, "lima.yaml");
	struct generation_disk d = generation_disk(all, g);
	AUTO(buf) had = BUF_INIT;

	if (d.file || d.snapshot || fs_read_if(yaml, &had, MAX_YAML, NULL) != 1)
		return false;
	return had.len == text->len && memcmp(had.s, text->s, text->len) == 0;
}

int
generation_open(const struct env *env, const char *dir, struct generation *out, struct error *err)
{
	auto_free char *yaml = xasprintf("%s/lima.yaml", dir);
	AUTO(generations) all = { 0 };
	AUTO(buf) text = BUF_INIT;
	const struct generation *last;

	if (generations_read(&all, dir, err) < 0 || fs_read(yaml, &text, MAX_YAML, err) < 0)
		return -1;
	last = all.n ? &all.v[all.n - 1] : NULL;
	*out = (struct generation){ .number = last ? last->number + 1 : 1, .run = env->run, .when_s = (int64_t)time(NULL) };
	if (!last || last->has_disk || last->snapshot)
		return generation_make(dir, out, text.s, text.len, err);
	/* What this run has kept of the text already gets the disk, too; what is the same is not kept twice. */
	if (env->run && last->run == env->run && !last->in)
		return *out = *last, 0;
	if (!generation_is_now(dir, &all, last, &text))
		return generation_make(dir, out, text.s, text.len, err);
	out->number = last->number;
	return generation_note(dir, out, err);
}

/* Has it the disk of the instance, or with `moved` a snapshot in that? One by way of another's snapshot goes with that one. */
static bool
generation_is_here(const struct generations *all, const struct generation *g, bool moved)
{
	const struct generation *by = g->in ? generations_find(all, g->in) : NULL;

	if (g->has_disk || generation_disk(all, g).file || (by && generation_disk(all, by).snapshot))
		return false;
	return moved || !g->snapshot;
}

/* Those whose disk the instance has now have that of `m` from now on. */
static int
generations_refer(const char *dir, int m, bool moved, struct error *err)
{
	AUTO(generations) all = { 0 };

	if (generations_read(&all, dir, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		struct generation *g = &all.v[i];

		if (g->number == m || g->in == m || !generation_is_here(&all, g, moved))
			continue;
		g->in = m;
		if (generation_note(dir, g, err) < 0)
			return -1;
	}
	return 0;
}

/* --- what goes again --- */

static int
generation_drop(const char *dir, const struct generations *all, const struct generation *g, const struct disk_known *k, struct error *err)
{
	auto_free char *path = generation_path(dir, g->number, NULL);
	char tag[32];

	/* One in a file that has been moved goes with that. */
	if (g->snapshot && k && !generation_disk(all, g).file) {
		AUTO(buf) list = BUF_INIT;

		if (snapshots_list(dir, &k->disk, &list, err) < 0)
			return -1;
		if (snapshots_has(list.s, generation_tag(tag, g->number)) &&
		    snapshots_do(dir, &k->disk, SNAPSHOT_DELETE, tag, NULL, err) < 0)
			return -1;
	}
	return fs_remove_tree(path, err);
}

/* The oldest go first, since what is older may be in what is newer; the last one stays, and so does the last one with a disk. */
static int
generations_prune(const char *dir, const struct disk_known *k, struct error *err)
{
	AUTO(generations) all = { 0 };
	size_t disks = 0, left;
	int64_t now = (int64_t)time(NULL);

	if (generations_read(&all, dir, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		disks += all.v[i].has_disk || all.v[i].snapshot;
	left = all.n;
	for (size_t i = 0; i + 1 < all.n; i++) {
		const struct generation *g = &all.v[i];
		bool disk = g->has_disk || g->snapshot;

		if ((disk && disks == 1) || (left <= MOST && disks <= MOST_DISKS && g->when_s > now - OLD_S))
			break;
		if (g->snapshot && !k && !generation_disk(&all, g).file)	/* of a machine that may run: the next one who may takes it */
			break;
		if (generation_drop(dir, &all, g, k, err) < 0)
			return -1;
		left--;
		disks -= disk;
	}
	return 0;
}

/* --- keeping --- */

int
generation_keep_text(const struct env *env, const char *dir, struct error *err)
{
	struct generation g;

	return generation_open(env, dir, &g, err) < 0 ? -1 : generations_prune(dir, NULL, err);
}

/* What belongs to a disk, its format and its base: in the new place before the disk is. */
static int
generation_keep_companions(const char *dir, int number, const struct disk_known *k, struct error *err)
{
	auto_free char *disk = generation_path(dir, number, "disk"), *base = generation_path(dir, number, "basedisk");

	if (disk_keep(disk, k->disk.format, k->asked, k->left, err) < 0)
		return -1;
	if (k->disk.base && (fs_unlink(base, err) < 0 || link(k->disk.base, base) < 0))
		return error_errno(err, "link %s to %s", k->disk.base, base);
	return 0;
}

int
generation_move(const char *dir, int number, const struct disk_known *k, struct error *err)
{
	auto_free char *to = generation_path(dir, number, "disk");

	if (generation_keep_companions(dir, number, k, err) < 0 || generations_refer(dir, number, true, err) < 0)
		return -1;
	if (rename(k->disk.path, to) < 0)
		return error_errno(err, "rename %s to %s", k->disk.path, to);
	return fs_fsync_parent(to, err) < 0 ? -1 : fs_fsync_parent(k->disk.path, err);
}

bool
generation_can_move(const struct disk_known *k)
{
	struct stat st;

	return lstat(k->disk.path, &st) == 0 && S_ISREG(st.st_mode);
}

int
generation_keep_moved(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct disk_known k;
	struct generation g;
	struct error why;
	int there = disk_known(dir, facts_get(&r->have, "format"), &a, &k, &why);

	/* One that nobody understands was never kept from going. */
	if (there <= 0 || k.elsewhere || !generation_can_move(&k))
		return 0;
	if (generation_open(env, dir, &g, err) < 0 || generation_move(dir, g.number, &k, err) < 0)
		return -1;
	env->say(env, SAY_INFO, "The disk of `%s` as it was is kept as generation %d; `limactl history %s` lists them", r->owner, g.number, r->owner);
	return generations_prune(dir, NULL, err);
}

/* A qcow2 of the first version does not grow beside a snapshot. */
static bool
disk_takes_snapshots(const struct disk_known *k)
{
	unsigned char head[QCOW2_HEAD] = { 0 };
	auto_file FILE *f = strcmp(k->disk.format, "qcow2") ? NULL : fopen(k->disk.path, "rbe");

	return f && fread(head, sizeof head, 1, f) == 1 && head[QCOW2_VERSION] >= 3;
}

/* 1: it is kept; 0: that costs nothing nowhere. */
static int
generation_clone(const char *dir, const struct generation *g, const struct disk_known *k, struct error *err)
{
	auto_free char *to = generation_path(dir, g->number, "disk"), *tmp = fs_tmp(to);
	int done = fs_clone(k->disk.path, tmp, 0644, err);

	if (done <= 0)
		return done;
	return generation_keep_companions(dir, g->number, k, err) < 0 || fs_commit(tmp, to, err) < 0 ? -1 : 1;
}

/* The note is first: a snapshot that it does not know of would stay for ever, and one that is not there is nothing. */
int
generation_snapshot(const char *dir, struct generation *g, const struct disk_known *k, const volatile int *cancel, struct error *err)
{
	AUTO(buf) list = BUF_INIT;
	char tag[32];
	pid_t pid;
	const struct driver *runs = driver_of(dir, &pid);

	g->snapshot = true;
	if (runs && runs->live)
		return generation_note(dir, g, err) < 0 ? -1 : runs->live->keep_disk(dir, &k->disk, generation_tag(tag, g->number), err);
	if (generation_note(dir, g, err) < 0 || snapshots_list(dir, &k->disk, &list, err) < 0)
		return -1;
	return snapshots_has(list.s, generation_tag(tag, g->number)) ? 0 : snapshots_do(dir, &k->disk, SNAPSHOT_SAVE, tag, cancel, err);
}

int
generation_keep_copy(const struct env *env, const struct resource *r, const char *dir, const struct disk_known *k, struct error *err)
{
	struct generation g;
	pid_t pid;
	int done;

	if (generation_open(env, dir, &g, err) < 0 || generations_refer(dir, g.number, false, err) < 0)
		return -1;
	done = generation_clone(dir, &g, k, err);
	if (done == 0 && disk_takes_snapshots(k))
		done = generation_snapshot(dir, &g, k, env->cancel, err) < 0 ? -1 : 1;
	if (done < 0)
		return -1;
	if (!done)
		env->say(env, SAY_WARN, "The disk of `%s` is not kept as it was: its file system shares no blocks, and a %s disk has no snapshots",
			 r->owner, k->disk.format);
	return generations_prune(dir, driver_of(dir, &pid) ? NULL : k, err);
}
