/* resources/archive.c - a file by URL, host-wide: containerd with nerdctl, as one archive that is put on the ISO; what is fetched ahead */
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/fetch/cache.h"
#include "resources/cidata_files.h"
#include "resources/instance_paths.h"
#include "resources/fetch.h"

static const struct attr attrs[] = {
	{ .name = "digest", .cost = COST_UPDATE, .show = SHOW_DIGEST },
	{ 0 },
};

extern const struct resource_type resource_archive;

static int
archive_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	const struct spec_file *f = cidata_archive(spec);

	struct resource *r;

	(void)env, (void)err;
	if (!f || !instance_paths_wanted(spec))
		return 0;
	r = graph_declare(g, &resource_archive, "", f->location, false);
	resource_want(g, r, "digest", *f->digest ? f->digest : NULL);
	fetch_need(g, r, f->location);
	return 0;
}

static const char *
wanted_digest(const struct resource *r)
{
	const char *digest = facts_get(&r->want, "digest");

	return digest ? digest : "";
}

/* Remembered for when it is not here any more. */
static void
tell_archive_bytes(const char *path, struct facts *have, struct arena *a)
{
	struct stat st;

	if (stat(path, &st) == 0)
		facts_setf(have, a, "bytes", "%lld", (long long)st.st_size);
}

static int
archive_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const char *digest = wanted_digest(r);
	auto_free char *path = NULL;

	(void)err;
	if (cache_is_local(r->name)) {
		if (cache_local_path(r->name, &path, NULL) < 0 || !fs_exists(path))
			return 0;
	} else {
		enum cache_state state = cache_lookup(env->cache, r->name, digest, &path);

		if (state == CACHE_ABSENT || (*digest && state != CACHE_GOOD))
			return 0;
	}
	facts_set(have, a, "path", path);
	tell_archive_bytes(path, have, a);
	facts_set(have, a, "digest", *digest ? digest : NULL);
	return 1;
}

static int
archive_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = NULL;

	if (fetch_for(env, r, r->name, wanted_digest(r), &path, err) < 0)
		return -1;
	facts_set(have, a, "path", path);
	tell_archive_bytes(path, have, a);
	facts_set(have, a, "digest", facts_get(&r->want, "digest"));
	return 0;
}

static int
archive_lacks(const struct env *env, const struct resource *r, lack_say *say, void *ctx, struct error *err)
{
	int here = fetch_is_here(env, r->name, wanted_digest(r), err);
	AUTO(arena) a = { 0 };
	struct facts was = { 0 };

	if (here == 0)
		say(ctx, r->name, wanted_digest(r),
		    r->was && facts_unpack(&was, &a, r->was, r->was_len) == 0 ? facts_int(&was, "bytes", -1) : -1);
	return here < 0 ? -1 : 0;
}

const struct resource_type resource_archive = {
	.name = "archive",
	.about = "containerd with nerdctl, as one archive that is put on the ISO",
	.attrs = attrs,
	.at_once = 2,
	.fetches = true,
	.lifetime = SHARED_KEPT,
	.declare = archive_declare,
	.observe = archive_observe,
	.ensure = archive_ensure,
	.lacks = archive_lacks,
	.remove = remove_nothing,
};
