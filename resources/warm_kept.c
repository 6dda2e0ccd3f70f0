#include "resources/warm_kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/driver.h"
#include "resources/warm.h"

enum { MAX_LAUNCH = 1 << 20 };

/* Half of one, and what others lock, have a dot in their names. */
static bool
kept_is_key(const char *name)
{
	return !strchr(name, '.');
}

uint64_t
warm_kept_bytes(const char *home, const char *key)
{
	auto_free char *folder = warm_saved_path(home, key, NULL);
	auto_dir DIR *d = opendir(folder);
	uint64_t sum = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		struct stat st;

		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_blocks * 512;
	}
	return sum;
}

static int64_t
kept_used(const char *home, const char *key)
{
	static const char *const files[] = { "memory", "took" };
	int64_t last = 0;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_free char *path = warm_saved_path(home, key, files[i]);
		struct stat st;

		if (stat(path, &st) == 0 && st.st_mtime > last)
			last = st.st_mtime;
	}
	return last;
}

/* --- who uses them --- */

static void
kept_mark(struct warm_kept *v, size_t n, const char *text, const char *before)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *word = xasprintf("%s%s", before, v[i].key);

		v[i].in_use |= strstr(text, word) != NULL;
	}
}

/* By what it was launched with, as long as it is there; and by what its first start is to be. */
static void
kept_ask(const char *dir, struct warm_kept *v, size_t n)
{
	auto_free char *launch = xasprintf("%s/launch.json", dir);
	AUTO(buf) text = BUF_INIT;
	AUTO(arena) a = { 0 };
	struct warm_note note;
	pid_t pid;

	if (warm_read(dir, &a, &note, NULL) == 0 && note.what != WARM_NOT)
		kept_mark(v, n, note.key, "");
	if (driver_of(dir, &pid) && fs_read_if(launch, &text, MAX_LAUNCH, NULL) == 1)
		kept_mark(v, n, text.s, WARM_SAVED "/");
}

static int
kept_each_user(const char *home, struct warm_kept *v, size_t n, struct error *err)
{
	auto_dir DIR *d = opendir(home);

	if (!d)
		return error_errno(err, "open %s", home);
	for (struct dirent *e; (e = readdir(d));) {
		auto_free char *dir = xasprintf("%s/%s", home, e->d_name);

		if (*e->d_name != '.' && *e->d_name != '_')
			kept_ask(dir, v, n);
	}
	return 0;
}

static int
kept_compare(const void *a, const void *b)
{
	const struct warm_kept *x = a, *y = b;

	return x->used != y->used ? (x->used > y->used) - (x->used < y->used) : strcmp(x->key, y->key);
}

int
warm_kept_list(const char *home, struct arena *a, struct warm_kept **out, size_t *n, struct error *err)
{
	const char *top = arena_printf(a, "%s/" WARM_SAVED, home);
	auto_dir DIR *d = opendir(top);
	struct warm_kept *v = NULL;
	size_t cap = 0;

	*n = 0;
	*out = NULL;
	if (!d)
		return errno == ENOENT ? 0 : error_errno(err, "open %s", top);
	for (struct dirent *e; (e = readdir(d));) {
		if (!kept_is_key(e->d_name))
			continue;
		GROW(v, *n, cap);
		v[(*n)++] = (struct warm_kept){ arena_strdup(a, e->d_name), warm_kept_bytes(home, e->d_name), kept_used(home, e->d_name), false };
	}
	if (*n) {
		*out = (void *)arena_memdup(a, (const char *)v, *n * sizeof *v);
		qsort(*out, *n, sizeof **out, kept_compare);
	}
	free(v);
	return kept_each_user(home, *out, *n, err);
}
