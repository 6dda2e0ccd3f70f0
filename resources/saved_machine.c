/* resources/saved_machine.c - a machine that was saved as it booted, which others begin from (warm.h): `limactl prune` takes them away */
#include <inttypes.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "resources/instance_paths.h"
#include "resources/warm.h"

static const struct attr attrs[] = {
	{ .name = "bytes", .cost = COST_NONE, .show = SHOW_BYTES },
	{ 0 },
};

static uint64_t
saved_machine_bytes(const struct env *env, const char *key)
{
	static const char *const files[] = { "memory", "disk" };
	uint64_t sum = 0;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_free char *path = warm_saved_path(env->home, key, files[i]);
		struct stat st;

		if (stat(path, &st) == 0)
			sum += (uint64_t)st.st_blocks * 512;
	}
	return sum;
}

/* Half of one is one, as long as it is to go. */
static int
saved_machine_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = warm_saved_path(env->home, r->name, NULL);
	int there = fs_look(dir, NULL, err);

	if (there > 0)
		facts_setf(have, a, "bytes", "%" PRIu64, saved_machine_bytes(env, r->name));
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
