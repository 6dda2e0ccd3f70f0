#include "cli/plugins.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/commands/start.h"

#define PREFIX "limactl-"

enum { MAX_SCRIPT = 64 << 10 };

static bool
has_files(const char *dir)
{
	auto_dir DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			return true;
	return false;
}

const char *const *
plugins_path(struct cli *c)
{
	const char *const *prefixes = cli_prefixes(c);
	const char *path = getenv("PATH");
	static const char *const folders[] = { "libexec", "lib" };
	size_t n = 0, room = 8;
	const char **v;

	for (const char *p = path; p && *p; p++)
		room += *p == ':';
	v = arena_alloc(&c->arena, room * sizeof *v);
	for (size_t i = 0; prefixes[i]; i++)
		v[n++] = arena_printf(&c->arena, "%s/bin", prefixes[i]);
	for (const char *p = path; p && *p; p += strcspn(p, ":"), p += *p == ':')
		if (*p != ':')
			v[n++] = arena_memdup(&c->arena, p, strcspn(p, ":"));
	for (size_t i = 0; i < 2 * ARRAY_LEN(folders) && prefixes[i / 2]; i++) {
		char *dir = arena_printf(&c->arena, "%s/%s/lima", prefixes[i / 2], folders[i % 2]);

		if (has_files(dir))
			v[n++] = dir;
	}
	v[n] = NULL;
	return v;
}

static bool
plugins_runnable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

/* <limactl-desc>text</limactl-desc>, of scripts only */
static const char *
plugins_description(struct arena *a, const char *path)
{
	static const char open[] = "<limactl-desc>", close[] = "</limactl-desc>";
	AUTO(buf) b = BUF_INIT;
	const char *from, *to;

	if (fs_read_if(path, &b, MAX_SCRIPT, NULL) != 1 || strncmp(b.s, "#!", 2) != 0)
		return "";
	from = strstr(b.s, open);
	to = from ? strstr(from, close) : NULL;
	if (!to)
		return "";
	from += strlen(open);
	while (from < to && strchr(" \t\r\n", *from))
		from++;
	while (to > from && strchr(" \t\r\n", to[-1]))
		to--;
	return arena_memdup(a, from, (size_t)(to - from));
}

static bool
plugins_known(const struct plugin *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return true;
	return false;
}

static int
plugins_by_name(const void *a, const void *b)
{
	return strcmp(((const struct plugin *)a)->name, ((const struct plugin *)b)->name);
}

struct plugin *
plugins_list(struct cli *c, size_t *n)
{
	struct plugin *v = NULL, *out;
	size_t cap = 0;

	*n = 0;
	for (const char *const *dir = plugins_path(c); *dir; dir++) {
		auto_dir DIR *d = opendir(*dir);
		struct dirent *e;

		while (d && (e = readdir(d))) {
			char *path;

			if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) != 0 || !e->d_name[strlen(PREFIX)] ||
			    plugins_known(v, *n, e->d_name + strlen(PREFIX)))
				continue;
			path = arena_printf(&c->arena, "%s/%s", *dir, e->d_name);
			if (!plugins_runnable(path))
				continue;
			GROW(v, *n, cap);
			v[(*n)++] = (struct plugin){
				.name = arena_strdup(&c->arena, e->d_name + strlen(PREFIX)), .path = path,
				.about = plugins_description(&c->arena, path),
			};
		}
	}
	if (*n)
		qsort(v, *n, sizeof *v, plugins_by_name);
	out = arena_alloc(&c->arena, (*n + 1) * sizeof *out);
	if (*n)
		memcpy(out, v, *n * sizeof *v);
	free(v);
	return out;
}

const char *
plugins_find(struct cli *c, const char *name)
{
	if (!*name || strchr(name, '/'))
		return NULL;
	for (const char *const *dir = plugins_path(c); *dir; dir++) {
		const char *path = arena_printf(&c->arena, "%s/" PREFIX "%s", *dir, name);

		if (plugins_runnable(path))
			return path;
	}
	return NULL;
}

int
plugins_exec(struct cli *c, const char *path, char *const *args, struct error *err)
{
	AUTO(buf) search = BUF_INIT;
	char **argv;
	size_t n = 0;

	for (const char *const *dir = plugins_path(c); *dir; dir++)
		buf_addf(&search, "%s%s", search.len ? ":" : "", *dir);
	setenv("PATH", search.s, 1);
	while (args[n])
		n++;
	argv = arena_alloc(&c->arena, (n + 2) * sizeof *argv);
	argv[0] = arena_strdup(&c->arena, path);
	memcpy(argv + 1, args, n * sizeof *argv);
	execv(path, argv);
	return error_errno(err, "external command `%s` failed", path);
}
