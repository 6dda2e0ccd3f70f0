/*
 * resources/firmware.c - UEFI of the user's own: `firmware.images`
 *
 * The first of those for this machine that can be had. One that cannot is told, and the
 * next is tried; when none can, that is an error: another firmware than the one that was asked for may not
 * boot what it was asked for.
 */
#include "resources/firmware.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/driver.h"
#include "providers/fetch/cache.h"
#include "providers/fetch/unpack.h"
#include "resources/instance_files.h"
#include "resources/instance_paths.h"
#include "resources/fetch.h"

enum { MAX_FIRMWARE = 256 << 20 };

/* An instance that upstream made does not say where it had it from. */
static const struct attr attrs[] = {
	{ .name = "images", .cost = COST_UPDATE, .judge = judge_known_update, .key = "firmware.images" },
	{ 0 },
};

extern const struct resource_type resource_firmware, resource_archive;

static bool
is_for(const struct spec_file *f, const struct spec *spec)
{
	const char *vm = f->vm_type ? f->vm_type : "";

	return f->location && *f->location && !strcmp(f->arch, spec->arch) && (!*vm || !strcmp(vm, spec->vm_type));
}

bool
firmware_listed(const struct spec *spec)
{
	const struct driver *d = driver_find(spec->vm_type);

	if (!d || !d->boots_uefi(spec->arch, spec->firmware.legacy_bios))
		return false;
	for (size_t i = 0; i < spec->firmware.nimages; i++)
		if (is_for(&spec->firmware.images[i], spec))
			return true;
	return false;
}

static int
firmware_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	AUTO(buf) images = BUF_INIT;
	struct resource *r;

	(void)env, (void)err;
	if (!firmware_listed(spec))
		return 0;
	r = graph_declare(g, &resource_firmware, spec->name, spec->name, instance_paths_wanted(spec));
	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	for (size_t i = 0; i < spec->firmware.nimages; i++) {
		const struct spec_file *f = &spec->firmware.images[i];

		if (!is_for(f, spec))
			continue;
		fetch_need(g, r, f->location);
		buf_addf(&images, "%s%s%s%s", images.len ? ", " : "", f->location, f->digest && *f->digest ? " " : "",
			 f->digest ? f->digest : "");
	}
	resource_want(g, r, "images", images.s);
	return 0;
}

static int
firmware_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, FIRMWARE_FILE);
	const char *stamp;
	int there = fs_look_derived(path, a, &stamp, err);

	if (there <= 0)
		return there;
	/* A file with another stamp is not the one that was put there. */
	if (facts_get(have, "stamp") && !facts_same_stamp(have, stamp))
		facts_set(have, a, "images", "changed by somebody else");
	facts_set(have, a, "stamp", stamp);
	return 1;
}

static int
try_one(const struct env *env, const struct resource *r, const struct spec_file *f, struct error *err)
{
	auto_free char *path = instance_path(env, r, FIRMWARE_FILE), *tmp = fs_tmp(path), *from = NULL;
	struct unpack u = { .to = tmp, .cancel = env->cancel, .mode = 0644, .max_bytes = MAX_FIRMWARE, .digest = f->digest };

	if (fetch_for(env, r, f->location, f->digest ? f->digest : "", &from, err) < 0)
		return -1;
	u.from = from;
	return fs_make_room(path, err) < 0 || unpack_file(&u, err) < 0 ? -1 : fs_commit(tmp, path, err);
}

static int
firmware_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const char *want = facts_get(&r->want, "images"), *is = NULL;
	struct error e = { 0 };

	int there = firmware_observe(env, r, have, a, err);

	if (there < 0)
		return -1;
	if (there)
		is = facts_get(have, "images");
	if (is && want && !strcmp(is, want))
		return 0;
	for (size_t i = 0; i < r->spec->firmware.nimages; i++) {
		const struct spec_file *f = &r->spec->firmware.images[i];

		if (!is_for(f, r->spec))
			continue;
		if (try_one(env, r, f, &e) == 0) {
			facts_set(have, a, "stamp", NULL);
			facts_set(have, a, "images", want);
			return firmware_observe(env, r, have, a, err) == 1 ? 0 : -1;
		}
		if (e.code == ERR_CANCELLED)
			break;
		env->say(env, SAY_WARN, "%s: firmware.images[%zu]: %s", r->name, i, e.msg);
	}
	return error_set(err, e.code, "firmware.images: none could be fetched: %s", e.msg);
}

static void
firmware_reads(const struct env *env, const struct resource *r, struct facts *files, struct arena *a)
{
	(void)env;
	for (size_t i = 0; r->spec && i < r->spec->firmware.nimages; i++) {
		const struct spec_file *f = &r->spec->firmware.images[i];
		auto_free char *path = NULL;

		if (is_for(f, r->spec) && cache_is_local(f->location) && cache_local_path(f->location, &path, NULL) == 0)
			fetch_reads(path, files, a);
	}
}

/* One that is here will do; if none is, the first is lacking. */
static int
firmware_lacks(const struct env *env, const struct resource *r, lack_say *say, void *ctx, struct error *err)
{
	const struct spec_file *first = NULL;

	for (size_t i = 0; r->spec && i < r->spec->firmware.nimages; i++) {
		const struct spec_file *f = &r->spec->firmware.images[i];
		int here = is_for(f, r->spec) ? fetch_is_here(env, f->location, f->digest ? f->digest : "", err) : 0;

		if (here)
			return here < 0 ? -1 : 0;
		if (!first && is_for(f, r->spec))
			first = f;
	}
	if (first)
		say(ctx, first->location, first->digest ? first->digest : "", -1);
	return 0;
}

const struct resource_type resource_firmware = {
	.name = "firmware",
	.about = "UEFI of the user's own",
	.fetches = true,
	.lacks = firmware_lacks,
	.ahead = &resource_archive,
	.attrs = attrs,
	.at_once = 2,
	.declare = firmware_declare,
	.observe = firmware_observe,
	.reads = firmware_reads,
	.ensure = firmware_ensure,
	.remove = instance_files_remove,
};
