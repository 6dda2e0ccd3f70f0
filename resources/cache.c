/* resources/cache.c - the download cache as a whole, once all downloads are out of it: `limactl prune` */
#include "base/error.h"
#include "base/fs.h"
#include "providers/fetch/cache_prune.h"
#include "resources/instance_paths.h"

static int
cache_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	(void)r, (void)have, (void)a;
	return fs_look(env->cache, NULL, err);
}

static int
cache_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	(void)r, (void)have, (void)a;
	return fs_mkdirs(env->cache, 0700, err);
}

static int
cache_remove(const struct env *env, const struct resource *r, struct error *err)
{
	(void)r;
	return cache_drop_rest(env->cache, err);
}

const struct resource_type resource_cache = {
	.name = "cache",
	.about = "the download cache as a whole",
	.lifetime = SHARED_KEPT,
	.observe = cache_observe,
	.ensure = cache_ensure,
	.remove = cache_remove,
};
