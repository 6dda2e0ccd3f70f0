#include "resources/instance_lock.h"

#include "base/auto.h"
#include "base/lock.h"
#include "base/mem.h"

char *
instance_lock_path(const struct env *env, const char *name)
{
	return xasprintf("%s/_state/%s.lock", env->home, name);
}

bool
instance_is_worked_on(const struct env *env, const char *name)
{
	auto_free char *path = instance_lock_path(env, name);

	return lock_is_held(path);
}
