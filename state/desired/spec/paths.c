#include "state/desired/spec/paths.h"

#include <string.h>

#include "base/mem.h"

const char *
path_clean(struct arena *a, const char *path)
{
	bool rooted = *path == '/';
	char *out = arena_alloc(a, strlen(path) + 2), *w = out, *floor;

	if (rooted)
		*w++ = '/';
	floor = w;		/* what ".." cannot take away */
	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 2 && !memcmp(path, "..", 2)) {
			if (w > floor) {
				while (w > floor && w[-1] != '/')
					w--;
				if (w > floor)
					w--;
			} else if (!rooted) {
				if (w > out)
					*w++ = '/';
				memcpy(w, "..", 2);
				w += 2;
				floor = w;
			}
		} else if (n && !(n == 1 && *path == '.')) {
			if (w > out + rooted)
				*w++ = '/';
			memcpy(w, path, n);
			w += n;
		}
		path += n;
	}
	if (w == out)
		*w++ = '.';
	*w = '\0';
	return out;
}

const char *
path_expand_tilde(struct arena *a, const char *path, const char *home)
{
	if (*path != '~' || (path[1] && path[1] != '/'))
		return path;
	return path[1] ? path_clean(a, arena_printf(a, "%s%s", home, path + 1)) : home;
}

const char *
path_join(struct arena *a, const char *dir, const char *name)
{
	return path_clean(a, *name == '/' || !*dir ? name : arena_printf(a, "%s/%s", dir, name));
}

const char *
path_dir(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path ? "/" : arena_memdup(a, path, (size_t)(slash - path));
}

const char *
path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
