#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/some.h"
#include "cli/cli.h"

static int
names_by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Symbolic links to folders do not count, as upstream's os.ReadDir().IsDir() does not follow them. */
static bool
is_folder(DIR *d, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	return fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

int
names_list(struct names *out, const char *home, struct error *err)
{
	auto_dir DIR *d = opendir(home);
	struct dirent *e;

	*out = (struct names){ 0 };
	if (!d)
		return errno == ENOENT ? 0 : error_errno(err, "open %s", home);
	while ((errno = 0, e = readdir(d))) {
		if (e->d_name[0] == '.' || e->d_name[0] == '_' || !is_folder(d, e))
			continue;
		GROW(out->v, out->n, out->cap);
		out->v[out->n++] = xstrdup(e->d_name);
	}
	if (errno) {
		int r = error_errno(err, "read %s", home);

		names_release(out);
		return r;
	}
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, names_by_name);
	return 0;
}

const char *
names_in_words(struct cli *c, const struct names *n, size_t most)
{
	size_t told = n->n > most ? most : n->n;
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < told; i++)
		buf_addf(&b, "%s`%s`", !i ? "" : i + 1 == n->n ? " and " : ", ", n->v[i]);
	some_end(&b, n->n, most);
	return arena_strdup(&c->arena, b.s);
}

bool
names_has(const struct names *n, const char *name)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->v[i], name) == 0)
			return true;
	return false;
}

void
names_release(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->v[i]);
	free(n->v);
	*n = (struct names){ 0 };
}
