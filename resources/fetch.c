#include "resources/fetch.h"

#include <string.h>

#include "base/auto.h"
#include "base/fs.h"
#include "providers/fetch/cache.h"
#include "providers/fetch/digest.h"
#include "providers/written.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"

extern const struct resource_type resource_download;

void
tell_progress(void *ctx, uint64_t done, uint64_t total)
{
	const struct telling *t = ctx;

	if (t->env->progress)
		t->env->progress(t->env, t->r, done, total);
}

void
tell_warning(void *ctx, const char *text)
{
	const struct telling *t = ctx;

	t->env->say(t->env, SAY_WARN, "%s", text);
}

int
fetch_for(const struct env *env, const struct resource *r, const char *location, const char *digest, char **path,
	  struct error *err)
{
	struct telling t = { env, r };
	struct fetch f = {
		.location = location, .digest = digest, .cache = env->cache, .offline = env->offline,
		.cancel = env->cancel, .progress = tell_progress, .warn = tell_warning, .ctx = &t,
	};

	if (cache_fetch(&f, path, err) < 0)
		return -1;
	return cache_is_local(location) && written_check(env->home, *path, err) < 0 ? -1 : 0;
}

int
fetch_is_here(const struct env *env, const char *location, const char *digest, struct error *err)
{
	auto_free char *path = NULL, *is = NULL;

	if (cache_is_local(location))
		return 1;	/* or it is nowhere, which is no matter of the network */
	switch (cache_lookup(env->cache, location, digest, &path)) {
	case CACHE_ABSENT:
		return 0;
	case CACHE_GOOD:
		return 1;
	case CACHE_UNCHECKED:
		break;
	}
	if (!*digest)
		return 1;
	return digest_file(path, digest, &is, env->cancel, err) < 0 ? -1 : !strcmp(is, digest);
}

void
fetch_need(struct graph *g, struct resource *r, const char *location)
{
	if (cache_is_local(location))
		return;
	graph_declare(g, &resource_download, "", location, false);
	resource_need(g, r, "download", location, NEED_BUILD);
}

void
fetch_reads(const char *path, struct facts *files, struct arena *a)
{
	facts_set(files, a, path, fs_stamp(a, path));
}

void
fetch_reads_part(const struct resource *r, const char *type, const char *part, struct facts *files, struct arena *a)
{
	const struct resource *from = resource_needed(r, type);
	const char *path = from && from->present ? facts_get(&from->have, part) : NULL;

	if (path)
		fetch_reads(path, files, a);
}
