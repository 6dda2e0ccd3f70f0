/* resources/engine.c - what this host knows of the engine of a fleet, by which its members are found without the fleet's file */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/cluster.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"
#include "resources/away_files.h"

enum { ENGINE_MAX = 1 << 20 };

static const struct attr attrs[] = {
	{ .name = "configuration", .cost = COST_UPDATE, .show = SHOW_NEVER },
	{ 0 },
};

static int
engine_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = away_engine_path(env->home, r->name);
	AUTO(buf) text = BUF_INIT;
	int there = fs_read_if(path, &text, ENGINE_MAX, err);

	if (there == 1)
		facts_set(have, a, "configuration", arena_strdup(a, text.s));
	return there;
}

static int
engine_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = away_engine_path(env->home, r->name), *folder = xasprintf("%s/" CLUSTER_FOLDER, env->home);
	const char *want = facts_get(&r->want, "configuration");

	if (want && (fs_mkdirs(folder, 0700, err) < 0 || fs_write(path, want, strlen(want), 0600, err) < 0))
		return -1;
	return engine_observe(env, r, have, a, err) < 0 ? -1 : 0;
}

static int
engine_remove(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *path = away_engine_path(env->home, r->name);

	return fs_unlink(path, err);
}

const struct resource_type resource_engine = {
	.name = "engine",
	.about = "how the engine of a fleet, which runs its members on other hosts, is reached from here",
	.attrs = attrs,
	.lifetime = SHARED_KEPT,
	.away = true,
	.observe = engine_observe,
	.ensure = engine_ensure,
	.remove = engine_remove,
};
