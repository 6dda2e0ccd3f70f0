/* resources/saved_machine.c - a machine that was saved as it booted, which others begin from (warm.h): `limactl prune` takes them away */
#include <inttypes.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "resources/instance_paths.h"
#include "resources/warm.h"
#include "resources/warm_kept.h"

static const struct attr attrs[] = {
	{ .name = "bytes", .cost = COST_NONE, .show = SHOW_BYTES },
	{ 0 },
};

/* Half of one is one, as long as it is to go. */
static int
saved_machine_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = warm_saved_path(env->home, r->name, NULL);
	int there = fs_look(dir, NULL, err);

	if (there > 0)
		facts_setf(have, a, "bytes", "%" PRIu64, warm_kept_bytes(env->home, r->name));
	return there;
}

/* Who begins from it has names of his own for what is in it. */
static int
saved_machine_remove(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = warm_saved_path(env->home, r->name, NULL);

	return fs_remove_tree(dir, err);
}

const struct resource_type resource_machine = {
	.name = "machine",
	.about = "a machine that was saved as it booted, which others of its kind begin from (`warmStart`)",
	.attrs = attrs,
	.lifetime = SHARED_KEPT,
	.observe = saved_machine_observe,
	.remove = saved_machine_remove,
};
