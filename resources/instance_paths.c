#include "resources/instance_paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/fetch/digest.h"
#include "providers/driver.h"
#include "providers/pidfile.h"

enum { MAX_YAML = 4 << 20 };

char *
instance_path(const struct env *env, const struct resource *r, const char *file)
{
	return xasprintf("%s/%s%s%s", env->home, r->owner, file ? "/" : "", file ? file : "");
}

enum cost
judge_known_replace(const char *have, const char *want)
{
	(void)want;
	return *have ? COST_REPLACE : COST_NONE;
}

enum cost
judge_known_update(const char *have, const char *want)
{
	(void)want;
	return *have ? COST_UPDATE : COST_NONE;
}

enum cost
judge_grows(const char *have, const char *want)
{
	return strtoull(have, NULL, 10) < strtoull(want, NULL, 10) ? COST_UPDATE : COST_REFUSE;
}

bool
instance_runs(const struct env *env, const struct resource *r)
{
	auto_free char *dir = instance_path(env, r, NULL), *agent = instance_path(env, r, "ha.pid");
	pid_t pid;

	return driver_of(dir, &pid) || pidfile_process(agent) > 0;
}

int
instance_not_told(const struct resource *r, const struct error *why, struct error *err)
{
	const struct resource *vm = resource_needed(r, "vm");

	if (why->code != ETIMEDOUT || !r->wanted || r->remake || (vm && (vm->remake || !vm->wanted)))
		return 0;
	return error_set(err, ETIMEDOUT, "unknown, since the host agent does not answer; nothing of the instance is changed: wait for it, "
			 "or `limactl restart %s`", r->owner);
}

const char *
image_digest(const struct resource *image, const char *part, struct arena *a)
{
	const char *entry = facts_get(&image->have, "entry");
	const char *digest = entry ? facts_get(&image->want, arena_printf(a, "%s.%s.digest", entry, part)) : NULL;

	return digest ? digest : "";
}

int
remove_nothing(const struct env *env, const struct resource *r, struct error *err)
{
	(void)env, (void)r, (void)err;
	return 0;
}

bool
instance_yaml_changes(const struct spec *spec)
{
	auto_free char *path = xasprintf("%s/lima.yaml", spec->dir);
	AUTO(buf) text = BUF_INIT;

	return spec->yaml && (fs_read_if(path, &text, MAX_YAML, NULL) != 1 || text.len != spec->yaml_len ||
			      memcmp(text.s, spec->yaml, text.len) != 0);
}
