/*
 * resources/download.c - what lies in the download cache, for `limactl prune` to take away. What needs a download fetches it itself
 * (image, archive, firmware), so none is ever wanted.
 */
#include "base/error.h"
#include "providers/fetch/cache_prune.h"
#include "resources/instance_paths.h"

static int
download_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	int64_t bytes;

	(void)err;
	if (!cache_holds(env->cache, r->name, &bytes))
		return 0;
	facts_setf(have, a, "size", "%lld", (long long)bytes);
	return 1;
}

static int
download_remove(const struct env *env, const struct resource *r, struct error *err)
{
	int stays = cache_drop(env->cache, r->name, err);

	if (stays > 0)
		env->say(env, SAY_WARN, "%s is being downloaded: it stays", r->name);
	return stays < 0 ? -1 : 0;
}

static const struct attr attrs[] = {
	{ .name = "size", .cost = COST_NONE, .show = SHOW_BYTES },
	{ 0 },
};

const struct resource_type resource_download = {
	.name = "download",
	.about = "a file in the download cache",
	.attrs = attrs,
	.lifetime = SHARED_KEPT,
	.observe = download_observe,
	.remove = download_remove,
};
