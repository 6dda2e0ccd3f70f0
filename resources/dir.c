/* resources/dir.c - the folder of an instance, with its lima.yaml and lima-version */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/fetch/digest.h"
#include "providers/port_book.h"
#include "resources/applied_config.h"
#include "resources/instance_paths.h"
#include "resources/disk_known.h"
#include "resources/disk_lock.h"
#include "resources/engine_note.h"
#include "resources/generation.h"
#include "resources/leftovers.h"
#include "resources/member.h"
#include "resources/instance_copy.h"
#include "resources/made_from.h"
#include "resources/set_by.h"
#include "resources/spec_keys.h"

enum { MAX_YAML = 4 << 20 };

static const struct attr attrs[] = {
	{ .name = "lima.yaml", .cost = COST_UPDATE, .show = SHOW_NEVER },
	{ .name = "configuration", .cost = COST_UPDATE, .judge = judge_known_update, .show = SHOW_NEVER },	/* all layers and defaults */
	/* These keys cannot be changed in an existing instance. */
	{ .name = "fixed keys", .judge = judge_keys_refuse, .show = SHOW_NEVER, .each = keys_each,
	  .refusal = "not in an existing instance: put back what it was, or make a new one" },
	MEMBER_ATTRS,
	ENGINE_NOTE_ATTRS,
	{ .name = "protected", .cost = COST_UPDATE, .once = true },	/* yes, no */
	{ .name = "leftovers", .cost = COST_UPDATE },	/* none, some: of killed runs */
	/* These say which file of the user's the instance was made from (made_from.h). */
	{ .name = "file", .cost = COST_UPDATE, .once = true },
	{ .name = "file text", .cost = COST_UPDATE, .once = true, .show = SHOW_NEVER },
	{ .name = "set by", .cost = COST_NONE },	/* keys that somebody has set since it was made (set_by.h) */
	{ 0 },
};

extern const struct resource_type resource_dir;

static int
dir_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r = graph_declare(g, &resource_dir, spec->name, spec->name, instance_paths_wanted(spec));
	char hex[65];

	(void)env, (void)err;
	if (!spec->yaml)
		return 0;
	sha256_hex(spec->yaml, spec->yaml_len, hex);
	resource_want(g, r, "lima.yaml", hex);
	/* A lima.yaml that names an unknown network is not written. */
	for (size_t i = 0; i < spec->nnetworks; i++)
		if (*spec->networks[i].lima)
			resource_need(g, r, "network-entry", spec->networks[i].lima, NEED_BUILD);
	resource_want(g, r, "leftovers", "none");
	if (instance_paths_wanted(spec))
		member_want(g, r, spec);
	if (!*spec->json || !instance_paths_wanted(spec))
		return 0;
	applied_digest(spec->json, strlen(spec->json), hex);
	resource_want(g, r, "configuration", hex);
	/* Fixed keys do not matter to an instance that is only stopped. */
	if (wanted_running(spec) || instance_yaml_changes(spec))
		resource_want(g, r, "fixed keys", spec_part(graph_arena(g), spec->json, SPEC_FIXED));
	return 0;
}

/* Protection is an empty file, as upstream has it. Where that cannot be told there may be one; but who asks for it is to get it. */
static int
tell_protected(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "protected");
	const char *want = facts_get(&r->want, "protected");
	int there = fs_look(path, NULL, err);

	facts_set(have, a, "protected", there != 0 ? "yes" : "no");
	return want && strcmp(want, "yes") == 0 ? there : 0;
}

static int
dir_protect(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *path = instance_path(env, r, "protected");
	const char *want = facts_get(&r->want, "protected");

	if (!want)
		return 0;
	return strcmp(want, "yes") == 0 ? fs_write(path, "", 0, 0400, err) : fs_unlink(path, err);
}

static const char *
dir_guard(const struct resource *r)
{
	const char *protected = facts_get(&r->have, "protected");

	if (!r->present || !protected || strcmp(protected, "yes") != 0)
		return NULL;
	return "instance is protected to prohibit accidental removal (Hint: use `limactl unprotect`)";
}

/*
 * What a killed run left. A half-written file is of a resource on which a step began, and that is ensured again; so
 * only where nothing is known, or this one was left unfinished, its names are gone through.
 */
static void
tell_leftovers(const struct env *env, const struct resource *r, struct facts *have, struct arena *a)
{
	const char *known = r->unfinished ? NULL : facts_get(have, "leftovers");

	if (!known || strcmp(known, "none") != 0)
		facts_set(have, a, "leftovers", leftovers_beside(env, r) || leftovers_inside(env, r) ? "some" : "none");
}

/* A folder that is not wanted has to go whether its contents can be understood or not. */
static bool
dir_remains(const struct env *env, const struct resource *r, const char *dir)
{
	return !r->wanted && (fs_exists(dir) || leftovers_beside(env, r));
}

static int
read_yaml(const char *path, const char *stamp, struct facts *have, struct arena *a, struct error *err)
{
	AUTO(buf) text = BUF_INIT;
	char hex[65];

	facts_set(have, a, "stamp", stamp);
	facts_set(have, a, "lima.yaml", NULL);
	if (!stamp)
		return 1;
	if (fs_read(path, &text, MAX_YAML, err) < 0)
		return -1;
	sha256_hex(text.s, text.len, hex);
	facts_set(have, a, "lima.yaml", hex);
	return 1;
}

/*
 * Of an instance that nobody declared the lima.yaml was looked at when this run began, and is the one that was applied
 * last: so the folder is there, and nothing else is to be known of it.
 */
static bool
dir_is_known(const struct resource *r, const struct facts *have)
{
	return !r->spec && r->wanted && r->was_present && !r->unfinished && !r->may_lose && facts_get(have, "stamp") &&
	       !facts_get(&r->want, "protected") && !facts_get(&r->want, ENGINE_NOTE_ATTR);
}

static int
dir_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL), *path = instance_path(env, r, "lima.yaml");
	const char *stamp = NULL;
	int there;

	if (dir_is_known(r, have))
		return 1;
	/* A lima.yaml means that the folder is there. */
	there = fs_look_stamp(path, a, &stamp, err);
	if (there == 0)
		there = fs_look(dir, NULL, err);
	if (there <= 0)
		return dir_remains(env, r, dir) ? 1 : there;
	tell_leftovers(env, r, have, a);
	if ((facts_get(&r->want, "protected") || !r->wanted || r->may_lose) && tell_protected(env, r, have, a, err) < 0)
		return -1;
	if (facts_get(&r->want, "file") || !facts_get(have, "file"))
		made_from_observe(dir, have, a);
	if (!facts_get(have, "configuration") || !facts_get(have, "fixed keys"))
		applied_observe(dir, have, a), set_by_observe(dir, have, a);
	if (member_observe(r, dir, have, a, err) < 0 || engine_note_observe(r, dir, have, a, err) < 0)
		return r->wanted ? -1 : 1;
	if (r->spec && !facts_get(have, "fixed keys"))
		applied_observe_old(r->spec, have, a);
	if (facts_same_stamp(have, stamp) || read_yaml(path, stamp, have, a, err) == 1)
		return 1;
	return r->wanted ? -1 : 1;
}

/* What tells the format of the other one's disk may be what is not copied: the words of its last start. */
static int
keep_format(const char *from, const char *tmp, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct disk_known k;
	int there = disk_known(from, NULL, &a, &k, err);

	if (there <= 0 || k.kept)
		return there < 0 ? fs_remove_tree(tmp, NULL), -1 : 0;
	return disk_keep(arena_printf(&a, "%s/%s", tmp, strrchr(k.disk.path, '/') + 1), k.disk.format, k.asked, k.left, err);
}

/* A new instance is made beside its place, so that it appears with its lima.yaml or not at all. */
static int
make_new(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	auto_free char *tmp = xasprintf("%s/.%s.tmp", env->home, r->owner);
	auto_free char *yaml = xasprintf("%s/lima.yaml", tmp), *version = xasprintf("%s/lima-version", tmp);
	const char *from = facts_get(&r->how, "copied from");

	if (fs_mkdirs(env->home, 0700, err) < 0 || fs_remove_tree(tmp, err) < 0)
		return -1;
	if (from && (dir_copy(from, tmp, err) < 0 || keep_format(from, tmp, err) < 0))
		return -1;
	if (!from && mkdir(tmp, 0700) < 0)
		return error_errno(err, "mkdir %s", tmp);
	if ((!from && fs_write(version, env->version, strlen(env->version), 0444, err) < 0) ||
	    fs_rewrite(yaml, r->spec->yaml, r->spec->yaml_len, 0600, err) < 0 || member_write(tmp, r->spec, err) < 0 ||
	    engine_note_write(r, tmp, err) < 0 ||
	    applied_write(tmp, r->spec, err) < 0 || made_from_write(tmp, r, err) < 0) {
		fs_remove_tree(tmp, NULL);
		return -1;
	}
	if (rename(tmp, dir) < 0)
		return error_errno(err, "rename %s to %s", tmp, dir);
	return fs_fsync_parent(dir, err);
}

/* The other folder gets this name in one step. */
static int
dir_take(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	const char *from = facts_get(&r->how, "moved from");

	if (!from)
		return 0;
	/* What belongs to the old name goes first, because all that is found under the new one belongs to that. */
	if (dir_adopt(from, err) < 0)
		return -1;
	port_book_sweep(env->home);
	return rename(from, dir) < 0 ? error_errno(err, "rename %s to %s", from, dir) : fs_fsync_parent(dir, err);
}

static bool
dir_is(const struct facts *have, const char *name, const char *value)
{
	const char *had = facts_get(have, name);

	return had && value && !strcmp(had, value);
}

/* The text that there was, for the way back; of a folder without one there is nothing to keep. */
static int
dir_keep_text(const struct env *env, const struct resource *r, const char *dir, const char *yaml, struct error *err)
{
	const char *back = facts_get(&r->how, GENERATION_WANT);

	if (!fs_exists(yaml))
		return 0;
	/* Between the old text and its disk somebody may be killed: a smaller disk that is not there yet would be refused for ever. */
	if (back && generation_begin_back(env, dir, back, err) < 0)
		return -1;
	return generation_keep_text(env, dir, err);
}

static int
dir_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL), *path = instance_path(env, r, "lima.yaml");

	int there = fs_look(dir, NULL, err);

	/* Where the other folder cannot be had, an empty one of this name is not what was asked for. */
	if (there == 0)
		there = dir_take(env, r, dir, err) < 0 ? -1 : fs_look(dir, NULL, err);
	if (there < 0 || leftovers_sweep(env, r, err) < 0)
		return -1;
	if (!there) {
		if (make_new(env, r, dir, err) < 0)
			return -1;
	} else if (dir_observe(env, r, have, a, err) < 0 ||
		   (!dir_is(have, "lima.yaml", facts_get(&r->want, "lima.yaml")) &&
		    (dir_keep_text(env, r, dir, path, err) < 0 || fs_rewrite(path, r->spec->yaml, r->spec->yaml_len, 0600, err) < 0)) ||
		   (!dir_is(have, "configuration", facts_get(&r->want, "configuration")) &&
		    (set_by_write(dir, r->spec, facts_get(&r->how, SET_BY_HOW), err) < 0 || applied_write(dir, r->spec, err) < 0))) {
		return -1;
	}
	if (member_write(dir, r->spec, err) < 0 || engine_note_write(r, dir, err) < 0 || made_from_write(dir, r, err) < 0 || dir_protect(env, r, err) < 0)
		return -1;
	facts_set(have, a, "stamp", NULL);
	facts_set(have, a, "configuration", NULL);
	facts_set(have, a, "fixed keys", NULL);
	return dir_observe(env, r, have, a, err) == 1 ? 0 : -1;
}

static int
remove_dir(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL), *tomb = xasprintf("%s/.%s.deleted", env->home, r->owner);

	/* A machine that died has unlocked none of its data disks. */
	disk_unlock_all(env, r);
	/* The rename above made it vanish in one step, however long the removal of its files takes. */
	if (fs_remove_tree(tomb, err) < 0)
		return -1;
	if (rename(dir, tomb) < 0 && errno != ENOENT)
		return error_errno(err, "rename %s to %s", dir, tomb);
	if (fs_fsync_parent(tomb, err) < 0)
		return -1;
	return leftovers_sweep(env, r, err);
}

const struct resource_type resource_dir = {
	.name = "dir",
	.about = "the folder of the instance, with its lima.yaml",
	.guard = dir_guard,
	.is_instance = true,
	.kept_by_reset = true,
	.attrs = attrs,
	.declare = dir_declare,
	.observe = dir_observe,
	.ensure = dir_ensure,
	.remove = remove_dir,
	.detail = applied_detail,
};
