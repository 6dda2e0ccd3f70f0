/* resources/hostkey.c - the SSH host key of an instance: made before its guest, which is known by it */
#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/ssh/host_key.h"
#include "providers/ssh/keys.h"
#include "resources/instance_files.h"
#include "resources/instance_paths.h"

static const struct attr attrs[] = { { 0 } };

extern const struct resource_type resource_hostkey;

static int
hostkey_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r = graph_declare(g, &resource_hostkey, spec->name, spec->name, instance_paths_wanted(spec));

	(void)env, (void)err;
	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	return 0;
}

static int
hostkey_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, HOST_KEY_FILE);
	const char *stamp;
	int there = fs_look_derived(path, a, &stamp, err);
	AUTO(host_key) key = { 0 };

	if (there <= 0)
		return there;
	if (facts_same_stamp(have, stamp))
		return 1;
	/* A key that was cut or is of another kind is made again, and the guest gets the new one at its next boot. */
	if (host_key_load(&key, path, NULL) < 0)
		return 0;
	facts_set(have, a, "stamp", stamp);
	return 1;
}

static int
hostkey_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, HOST_KEY_FILE);

	facts_set(have, a, "stamp", NULL);
	if (hostkey_observe(env, r, have, a, NULL) == 1)
		return 0;
	if (fs_make_room(path, err) < 0 || keys_make(path, NULL, err) < 0)
		return -1;
	return hostkey_observe(env, r, have, a, err) == 1 ? 0 : error_set(err, ERR_CHILD, "%s: not there after making it", path);
}

const struct resource_type resource_hostkey = {
	.name = "hostkey",
	.about = "the SSH host key by which the guest is known",
	.attrs = attrs,
	.declare = hostkey_declare,
	.observe = hostkey_observe,
	.ensure = hostkey_ensure,
	.remove = instance_files_remove,
};
