#include "resources/leftovers.h"

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "resources/generation.h"
#include "resources/instance_files.h"
#include "resources/instance_paths.h"

static const char *const beside[] = {"tmp", "deleted"};

static char *
beside_path(const struct env *env, const struct resource *r, size_t i)
{
	return xasprintf("%s/.%s.%s", env->home, r->owner, beside[i]);
}

bool
leftovers_beside(const struct env *env, const struct resource *r)
{
	for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
		auto_free char *path = beside_path(env, r, i);

		if (fs_exists(path))
			return true;
	}
	return false;
}

bool
leftovers_inside(const struct env *env, const struct resource *r)
{
	auto_free char *dir = instance_path(env, r, NULL);

	for (const struct instance_file *f = instance_files; f->name; f++) {
		auto_free char *path = instance_file_half(env, r, f);

		if (path && fs_exists(path))
			return true;
	}
	return generations_half(dir, false, NULL) == 1;
}

int
leftovers_sweep(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);

	for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
		auto_free char *path = beside_path(env, r, i);

		if (fs_remove_tree(path, err) < 0)
			return -1;
	}
	for (const struct instance_file *f = instance_files; f->name; f++) {
		auto_free char *path = instance_file_half(env, r, f);

		if (path && fs_remove_tree(path, err) < 0)
			return -1;
	}
	return generations_half(dir, true, err) < 0 ? -1 : 0;
}
