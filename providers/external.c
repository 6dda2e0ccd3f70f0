#include "providers/external.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/driver.h"

enum { NAME_MOST = 32, PLACES_MOST = 64 };

bool
external_is_name(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	size_t len = strlen(name);

	return len && len <= NAME_MOST && *name != '.' && *name != '-' && strspn(name, good) == len;
}

static bool
external_runs(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

/* "" of a file that is no driver's. */
static const char *
external_name_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

	if (strncmp(base, EXTERNAL_PREFIX, strlen(EXTERNAL_PREFIX)) != 0 || !external_is_name(base + strlen(EXTERNAL_PREFIX)))
		return "";
	return base + strlen(EXTERNAL_PREFIX);
}

/* A word of $LIMA_DRIVERS_PATH, from where we are. */
static const char *
external_place(struct arena *a, const char *word, size_t len)
{
	auto_free char *text = xasprintf("%.*s", (int)len, word), *here = *text == '/' ? NULL : getcwd(NULL, 0);

	return here ? arena_printf(a, "%s/%s", here, text) : arena_strdup(a, text);
}

/* Folders and programs, in order; NULL-terminated. */
static const char *const *
external_places(struct arena *a)
{
	const char *list = getenv("LIMA_DRIVERS_PATH");
	const char **v = arena_alloc(a, (PLACES_MOST + 5) * sizeof *v);
	char self[PATH_MAX], *slash = NULL;
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	size_t n = 0;

	for (const char *p = list; p && *p && n < PLACES_MOST; p += strcspn(p, ":"), p += *p == ':')
		if (*p != ':')
			v[n++] = external_place(a, p, strcspn(p, ":"));
	self[len > 0 ? len : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		*slash = '\0';
		v[n++] = arena_strdup(a, self);
		slash = strrchr(self, '/');
	}
	if (slash) {
		*slash = '\0';
		v[n++] = arena_printf(a, "%s/libexec/lima/drivers", self);
		v[n++] = arena_printf(a, "%s/libexec/lima", self);
		v[n++] = arena_printf(a, "%s/lib/lima", self);
	}
	v[n] = NULL;
	return v;
}

const char *
external_find(const char *name, struct arena *a)
{
	if (!external_is_name(name))
		return NULL;
	for (const char *const *p = external_places(a); *p; p++) {
		const char *path = arena_printf(a, "%s/" EXTERNAL_PREFIX "%s", *p, name);

		if (external_runs(path))
			return path;
		if (!strcmp(external_name_of(*p), name) && external_runs(*p))
			return *p;
	}
	return NULL;
}

bool
external_is_there(const char *name)
{
	AUTO(arena) a = { 0 };

	return external_find(name, &a) != NULL;
}

bool
external_is_left(const char *dir, const char *name)
{
	auto_free char *pidfile = xasprintf("%s/%s" EXTERNAL_DRIVER_PID, dir, name), *socket = xasprintf("%s/%s" EXTERNAL_DRIVER_SOCKET, dir, name);

	return external_is_name(name) && !driver_is_ours(name) && (fs_exists(pidfile) || fs_exists(socket));
}

struct found {
	struct arena *a;
	struct external *v;
	size_t n, cap;
};

static void
external_add(struct found *f, const char *path)
{
	const char *name = external_name_of(path);

	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->v[i].name, name))
			return;
	if (!*name || driver_is_ours(name) || !external_runs(path))
		return;
	GROW(f->v, f->n, f->cap);
	f->v[f->n++] = (struct external){ arena_strdup(f->a, name), arena_strdup(f->a, path) };
}

static int
external_by_name(const void *a, const void *b)
{
	return strcmp(((const struct external *)a)->name, ((const struct external *)b)->name);
}

const struct external *
external_list(struct arena *a, size_t *n)
{
	struct found f = { .a = a };
	struct external *out;

	for (const char *const *p = external_places(a); *p; p++) {
		auto_dir DIR *d = opendir(*p);
		struct dirent *e;

		if (!d)
			external_add(&f, *p);
		while (d && (e = readdir(d))) {
			auto_free char *path = xasprintf("%s/%s", *p, e->d_name);

			external_add(&f, path);
		}
	}
	if (f.n)
		qsort(f.v, f.n, sizeof *f.v, external_by_name);
	out = arena_alloc(a, (f.n + 1) * sizeof *out);
	if (f.n)
		memcpy(out, f.v, f.n * sizeof *out);
	free(f.v);
	*n = f.n;
	return out;
}
