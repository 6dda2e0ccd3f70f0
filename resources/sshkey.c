/* resources/sshkey.c - the key pair that this host uses to enter its guests */
#include <errno.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/ssh/keys.h"
#include "resources/instance_paths.h"

static const struct attr attrs[] = {
	{ .name = "stamp", .cost = COST_NONE, .show = SHOW_NEVER },
	{ 0 },
};

extern const struct resource_type resource_sshkey;

static int
sshkey_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	(void)env, (void)err;
	graph_declare(g, &resource_sshkey, "", "user", instance_paths_wanted(spec));
	return 0;
}

static int
sshkey_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = xasprintf("%s/_config", env->home), *key = xasprintf("%s/user", dir);
	const char *stamp;
	int secret = fs_look(key, NULL, err), there;

	(void)r;
	if (secret > 0 && !fs_is_file(key))
		return error_set(err, EINVAL, "%s is not an ordinary file: move it away, and a new key is made", key);
	there = secret <= 0 ? secret : keys_public_look(dir, a, &stamp, err);
	if (there <= 0)
		return there;
	facts_set(have, a, "stamp", stamp);
	return 1;
}

/* The half that is made from the other one makes way where it is no key; a folder that holds something is kept beside it. */
static int
sshkey_make_way(const char *dir, struct error *err)
{
	auto_free char *key = xasprintf("%s/user", dir), *pub = xasprintf("%s/user.pub", dir);
	AUTO(arena) a = { 0 };
	const char *stamp;
	int there = fs_is_file(key) ? keys_public_look(dir, &a, &stamp, err) : 1;

	return there ? (there < 0 ? -1 : 0) : fs_drop(pub, err);
}

static int
sshkey_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = xasprintf("%s/_config", env->home);

	if (fs_mkdirs(dir, 0700, err) < 0 || sshkey_make_way(dir, err) < 0 || keys_ensure(dir, err) < 0)
		return -1;
	return sshkey_observe(env, r, have, a, err) == 1 ? 0 : error_set(err, ERR_CHILD, "%s/user: not there after making it", dir);
}

static int
remove_pair(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *key = xasprintf("%s/_config/user", env->home);
	auto_free char *pub = xasprintf("%s.pub", key);

	(void)r;
	return fs_unlink(pub, err) < 0 ? -1 : fs_unlink(key, err);
}

const struct resource_type resource_sshkey = {
	.name = "sshkey",
	.about = "the key pair by which this host enters its guests",
	.attrs = attrs,
	.lifetime = SHARED_KEPT,
	.declare = sshkey_declare,
	.observe = sshkey_observe,
	.ensure = sshkey_ensure,
	.remove = remove_pair,
};
