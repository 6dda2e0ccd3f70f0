#include "providers/kept_back.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "base/path_rest.h"

/* Unless it is in `home`, which is kept back as a whole. */
static void
kept_back_add(struct kept_back *k, const char *home, const char *path)
{
	auto_free char *real = realpath(path, NULL);

	if (!real || !real[1] || (home && path_rest(real, home)))
		return;
	GROW(k->v, k->n, k->cap);
	k->v[k->n++] = steal(real);
}

static void
kept_back_links(struct kept_back *k, const char *home, const char *folder)
{
	auto_dir DIR *d = opendir(folder);
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		auto_free char *path = NULL;

		if (e->d_type != DT_LNK && e->d_type != DT_UNKNOWN)
			continue;
		path = xasprintf("%s/%s", folder, e->d_name);
		kept_back_add(k, home, path);
	}
}

void
kept_back_list(const char *home, struct kept_back *out)
{
	auto_free char *real = realpath(home, NULL), *config = xasprintf("%s/_config", home);

	if (!real)
		return;
	kept_back_add(out, NULL, real);
	kept_back_links(out, real, real);
	kept_back_links(out, real, config);
}

void
kept_back_release(struct kept_back *k)
{
	for (size_t i = 0; i < k->n; i++)
		free((char *)(uintptr_t)k->v[i]);
	free(k->v);
	*k = (struct kept_back){ 0 };
}
