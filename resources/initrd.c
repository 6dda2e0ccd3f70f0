/* resources/initrd.c - the initial ram disk that goes with a kernel; kept as it came */
#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "resources/fetch.h"
#include "resources/instance_files.h"
#include "resources/instance_paths.h"
#include "providers/fetch/unpack.h"

static const struct attr attrs[] = {
	{ .name = "stamp", .cost = COST_NONE, .show = SHOW_NEVER },
	{ 0 },
};

extern const struct resource_type resource_initrd;

static int
initrd_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	bool has = spec->nimages && spec->images[0].has_initrd;
	struct resource *r;

	(void)env, (void)err;
	/* An instance whose lima.yaml cannot be read may have an initrd. */
	if (!has && spec->nimages)
		return 0;
	r = graph_declare(g, &resource_initrd, spec->name, spec->name, has && instance_paths_wanted(spec));
	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	if (has && instance_paths_wanted(spec))
		resource_need(g, r, "image", spec->images[0].image.location, NEED_BUILD);
	return 0;
}

static int
initrd_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "initrd");
	const char *stamp;
	int there = fs_look_derived(path, a, &stamp, err);

	if (there <= 0)
		return there;
	facts_set(have, a, "stamp", stamp);
	return 1;
}

static int
initrd_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "initrd");
	auto_free char *tmp = fs_tmp(path);
	const struct resource *image = resource_needed(r, "image");
	const char *from = image ? facts_get(&image->have, "initrd") : NULL;

	int there = initrd_observe(env, r, have, a, err);

	if (there != 0)
		return there < 0 ? -1 : 0;
	if (!from)
		return error_set(err, ERR_INVALID, "the image has no initrd with it");
	if (fs_make_room(path, err) < 0 ||
	    unpack_copy(&(struct unpack){ .from = from, .to = tmp, .mode = 0644, .digest = image_digest(image, "initrd", a),
					  .cancel = env->cancel }, err) < 0 ||
	    fs_commit(tmp, path, err) < 0)
		return -1;
	return initrd_observe(env, r, have, a, err) == 1 ? 0 : -1;
}

/* It stays with the disk that it came with. */
static void
initrd_reads(const struct env *env, const struct resource *r, struct facts *files, struct arena *a)
{
	(void)env;
	if (!r->present || r->down)
		fetch_reads_part(r, "image", "initrd", files, a);
}

const struct resource_type resource_initrd = {
	.name = "initrd",
	.about = "the initial RAM disk that goes with the kernel",
	.attrs = attrs,
	.declare = initrd_declare,
	.observe = initrd_observe,
	.reads = initrd_reads,
	.ensure = initrd_ensure,
	.remove = instance_files_remove,
};
