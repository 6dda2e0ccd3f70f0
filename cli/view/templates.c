#include "cli/view/templates.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"

enum { MAX_DEPTH = 8 };

struct found {
	struct cli *cli;
	struct template_entry *v;
	size_t n, cap;
};

static bool
templates_known(const struct found *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].name, name) == 0)
			return true;
	return false;
}

static void
templates_add(struct found *f, const char *dir, const char *file, size_t len)
{
	char *name = arena_memdup(&f->cli->arena, file, len - strlen(".yaml"));

	if (templates_known(f, name))
		return;
	GROW(f->v, f->n, f->cap);
	f->v[f->n++] = (struct template_entry){
		.name = name, .path = arena_printf(&f->cli->arena, "%s/%s", dir, file),
		.hidden = name[0] == '_' || strstr(name, "/_"),
	};
}

/* Everything below TOP/REL. */
static void
templates_search(struct found *f, const char *top, const char *rel, int depth)
{
	struct arena *a = &f->cli->arena;
	auto_dir DIR *d = opendir(*rel ? arena_printf(a, "%s/%s", top, rel) : top);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t len = strlen(e->d_name);
		char *path;
		struct stat st;

		if (e->d_name[0] == '.')
			continue;
		path = arena_printf(a, "%s%s%s", rel, *rel ? "/" : "", e->d_name);
		if (fstatat(dirfd(d), e->d_name, &st, 0) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH)
			templates_search(f, top, path, depth + 1);
		else if (!S_ISDIR(st.st_mode) && len > 5 && strcmp(e->d_name + len - 5, ".yaml") == 0)
			templates_add(f, top, path, strlen(path));
	}
}

static int
templates_by_name(const void *a, const void *b)
{
	return strcmp(((const struct template_entry *)a)->name, ((const struct template_entry *)b)->name);
}

struct template_entry *
templates_list(struct cli *c, size_t *n)
{
	struct spec_opts opts = cli_spec_opts(c);
	struct found f = { .cli = c };
	struct template_entry *out;

	for (const char *const *dir = opts.template_dirs; *dir; dir++)
		templates_search(&f, *dir, "", 0);
	if (f.n)
		qsort(f.v, f.n, sizeof *f.v, templates_by_name);
	out = arena_alloc(&c->arena, (f.n + 1) * sizeof *out);
	if (f.n)
		memcpy(out, f.v, f.n * sizeof *out);
	*n = f.n;
	free(f.v);
	return out;
}
