#include "cli/ssh/copy_paths.h"

#include <string.h>

#include "base/mem.h"

struct copy_path
copy_path_parse(struct arena *a, const char *arg)
{
	const char *colon = strchr(arg, ':');

	if (!colon)
		return (struct copy_path){ NULL, arg };
	return (struct copy_path){ arena_memdup(a, arg, (size_t)(colon - arg)), colon + 1 };
}

size_t
copy_remotes(const struct copy_path *v, size_t n)
{
	size_t remote = 0;

	for (size_t i = 0; i < n; i++)
		remote += v[i].instance != NULL;
	return remote;
}

static bool
slash_at_end(const char *path)
{
	size_t len = strlen(path);

	return len && path[len - 1] == '/';
}

static const char *
without_slash(struct arena *a, const char *path)
{
	return slash_at_end(path) ? arena_memdup(a, path, strlen(path) - 1) : path;
}

void
copy_slashes(struct arena *a, struct copy_path *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!slash_at_end(v[i].path))
			v[i].path = arena_printf(a, "%s/", v[i].path);
		else if (!v[i].instance)
			v[i].path = without_slash(a, v[i].path);
		else
			for (size_t k = 0; k < n; k++)
				if (k != i)
					v[k].path = without_slash(a, v[k].path);
	}
}
