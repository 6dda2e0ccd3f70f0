/*
 * resources/image.c - what an instance is made from: a disk image, with its kernel and initrd if it has them
 *
 * Named by the location of the first image that fits; if that one cannot be had
 * the others of lima.yaml are tried in their order. All files of an entry belong
 * together: a kernel goes with the modules in its disk.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/fetch/cache.h"
#include "providers/fetch/digest.h"
#include "resources/instance_paths.h"
#include "resources/fetch.h"

enum { PARTS = 3, MAX_TRIES = 32 };
static const char *const part_name[PARTS] = { "path", "kernel", "initrd" };

static const struct attr attrs[] = {
	{ .name = "digest", .cost = COST_UPDATE, .show = SHOW_DIGEST },
	{ 0 },
};

extern const struct resource_type resource_image;

static const struct spec_file *
image_part(const struct spec_image *i, int n)
{
	return n == 0 ? &i->image : n == 1 ? (i->has_kernel ? &i->kernel : NULL) : (i->has_initrd ? &i->initrd : NULL);
}

/* Attributes are "0.path", "0.path.digest", "0.kernel" ... "1.path" and so on. */
static void
want_entry(struct graph *g, struct resource *r, size_t i, const struct spec_image *image)
{
	for (int n = 0; n < PARTS; n++) {
		const struct spec_file *f = image_part(image, n);
		char key[48];

		if (!f)
			continue;
		snprintf(key, sizeof key, "%zu.%s", i, part_name[n]);
		resource_want(g, r, key, f->location);
		fetch_need(g, r, f->location);
		snprintf(key, sizeof key, "%zu.%s.digest", i, part_name[n]);
		resource_want(g, r, key, f->digest);
	}
}

static int
image_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r;

	(void)env, (void)err;
	if (!spec->nimages || !instance_paths_wanted(spec))
		return 0;
	r = graph_declare(g, &resource_image, "", spec->images[0].image.location, false);
	resource_want(g, r, "digest", *spec->images[0].image.digest ? spec->images[0].image.digest : NULL);
	for (size_t i = 0; i < spec->nimages && i < MAX_TRIES; i++)
		want_entry(g, r, i, &spec->images[i]);
	return 0;
}

/* The n-th part that entry i wants, or NULL; `digest` is "" if it has none. */
static const char *
wanted_part(const struct resource *r, size_t i, int n, const char **digest)
{
	char key[48];
	const char *d;

	snprintf(key, sizeof key, "%zu.%s.digest", i, part_name[n]);
	d = facts_get(&r->want, key);
	*digest = d ? d : "";
	snprintf(key, sizeof key, "%zu.%s", i, part_name[n]);
	return facts_get(&r->want, key);
}

/* Remembered for when it is not here any more. */
static void
tell_bytes(const char *key, const char *path, struct facts *have, struct arena *a)
{
	struct stat st;
	char name[32];

	if (stat(path, &st) < 0)
		return;
	snprintf(name, sizeof name, "%s.bytes", key);
	facts_setf(have, a, name, "%lld", (long long)st.st_size);
}

/*
 * Where a thing is now, and has been checked: 1 with its path. A file of the user's
 * own is checked once, and again when it changes: the stamp of the check is a fact.
 */
static int
find_part(const struct env *env, const char *location, const char *digest, const struct facts *had, const char *key,
	  struct facts *have, struct arena *a)
{
	auto_free char *path = NULL;
	enum cache_state state;
	const char *was;
	char name[32];

	if (!cache_is_local(location)) {
		state = cache_lookup(env->cache, location, digest, &path);
		if (state == CACHE_ABSENT || (*digest && state != CACHE_GOOD))
			return 0;
		facts_set(have, a, key, path);
		tell_bytes(key, path, have, a);
		return 1;
	}
	if (cache_local_path(location, &path, NULL) < 0 || !fs_exists(path))
		return 0;
	snprintf(name, sizeof name, "%s.checked", key);
	was = facts_get(had, name);
	if (*digest && (!was || strcmp(was, arena_printf(a, "%s %s", fs_stamp(a, path), digest)) != 0))
		return 0;
	facts_set(have, a, key, path);
	facts_set(have, a, name, was);
	return 1;
}

static int
image_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	(void)err;
	for (size_t i = 0; i < MAX_TRIES; i++) {
		struct facts now = { 0 };
		const char *digest, *location = wanted_part(r, i, 0, &digest);
		int n;

		if (!location)
			return 0;
		for (n = 0; n < PARTS; n++) {
			location = wanted_part(r, i, n, &digest);
			if (location && !find_part(env, location, digest, have, part_name[n], &now, a))
				break;
		}
		if (n < PARTS)
			continue;
		facts_set(&now, a, "digest", facts_get(&r->want, "digest"));
		facts_setf(&now, a, "entry", "%zu", i);
		*have = now;
		return 1;
	}
	return 0;
}

static int
get_part(const struct env *env, const struct resource *r, const char *location, const char *digest,
	 const char *key, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = NULL;
	char name[32];

	if (fetch_for(env, r, location, digest, &path, err) < 0)
		return -1;
	facts_set(have, a, key, path);
	if (!cache_is_local(location))
		tell_bytes(key, path, have, a);
	snprintf(name, sizeof name, "%s.checked", key);
	if (cache_is_local(location) && *digest)
		facts_setf(have, a, name, "%s %s", fs_stamp(a, path), digest);
	return 0;
}

static int
get_entry(const struct env *env, const struct resource *r, size_t i, struct facts *have, struct arena *a, struct error *err)
{
	struct facts now = { 0 };

	for (int n = 0; n < PARTS; n++) {
		const char *digest, *location = wanted_part(r, i, n, &digest);

		if (location && get_part(env, r, location, digest, part_name[n], &now, a, err) < 0)
			return -1;
	}
	facts_set(&now, a, "digest", facts_get(&r->want, "digest"));
	facts_setf(&now, a, "entry", "%zu", i);
	*have = now;
	return 0;
}

static int
image_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	struct error first = { 0 };
	const char *digest;

	for (size_t i = 0; i < MAX_TRIES && wanted_part(r, i, 0, &digest); i++) {
		struct error why = { 0 };

		if (get_entry(env, r, i, have, a, &why) == 0)
			return 0;
		if (!first.code)
			first = why;
		/* The error of the last entry is the result. */
		if (why.code == ERR_CANCELLED || why.code == ENOSPC || !wanted_part(r, i + 1, 0, &digest))
			break;
		env->say(env, SAY_WARN, "%s", why.msg);
	}
	if (err)
		*err = first;
	return -1;
}

/* How many bytes that part had when it was last here. */
static int64_t
part_bytes(const struct resource *r, size_t entry, int part)
{
	AUTO(arena) a = { 0 };
	struct facts was = { 0 };
	char name[32];

	if (!r->was || facts_unpack(&was, &a, r->was, r->was_len) < 0 || facts_int(&was, "entry", -1) != (long long)entry)
		return -1;
	snprintf(name, sizeof name, "%s.bytes", part_name[part]);
	return facts_int(&was, name, -1);
}

/* How many parts of that entry are not here; they are told, if there is somebody to tell. */
static int
entry_lacks(const struct env *env, const struct resource *r, size_t i, lack_say *say, void *ctx, struct error *err)
{
	int lacking = 0;

	for (int n = 0; n < PARTS; n++) {
		const char *digest, *location = wanted_part(r, i, n, &digest);
		int here = location ? fetch_is_here(env, location, digest, err) : 1;

		if (here < 0)
			return -1;
		lacking += !here;
		if (!here && say)
			say(ctx, location, digest, part_bytes(r, i, n));
	}
	return lacking;
}

/* One entry that is here whole will do: ensure() comes to it. */
static int
image_lacks(const struct env *env, const struct resource *r, lack_say *say, void *ctx, struct error *err)
{
	const char *digest;

	for (size_t i = 0; i < MAX_TRIES && wanted_part(r, i, 0, &digest); i++) {
		int lacking = entry_lacks(env, r, i, NULL, NULL, err);

		if (lacking <= 0)
			return lacking;
	}
	return entry_lacks(env, r, 0, say, ctx, err) < 0 ? -1 : 0;
}

const struct resource_type resource_image = {
	.name = "image",
	.about = "what instances are made from: a disk image, with its kernel and initrd if it has them",
	.attrs = attrs,
	.at_once = 2,
	.fetches = true,
	.lifetime = SHARED_KEPT,
	.declare = image_declare,
	.observe = image_observe,
	.ensure = image_ensure,
	.lacks = image_lacks,
	.remove = remove_nothing,
};
