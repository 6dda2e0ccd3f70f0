#include "cli/args/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cli/args/origin.h"
#include "cli/run.h"
#include "state/desired/template/name.h"

enum { MAX_NAMES = 10 };

const struct flag file_flags[] = {
	{ "file", 'f', FLAG_ARRAY, .about = "A file, or a folder that has " FILES_DEFAULT, .complete = "@file" },
	{ 0 },
};

/* The first of them that is in `dir`; NULL: none is. */
static const char *
file_of_folder(struct cli *c, const char *dir)
{
	static const char *const names[] = { "fleet.yaml", "lima.yaml" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *path = *dir ? arena_printf(&c->arena, "%s/%s", dir, names[i]) : names[i];

		if (fs_exists(path))
			return path;
	}
	return NULL;
}

/* The instance in whose folder we stand: what is there is its copy, and no file to make another one of. */
static const char *
file_is_instance(struct cli *c)
{
	auto_free char *cwd = getcwd(NULL, 0);
	size_t n = strlen(c->env.home);

	if (!cwd || strncmp(cwd, c->env.home, n) != 0 || cwd[n] != '/' || !instance_exists(c, cwd + n + 1))
		return NULL;
	return arena_strdup(&c->arena, cwd + n + 1);
}

static int
file_given(struct cli *c, const char *given, const char **out, struct error *err)
{
	struct stat st;

	*out = given;
	if (stat(given, &st) != 0 || !S_ISDIR(st.st_mode))
		return 0;
	*out = file_of_folder(c, given);
	return *out ? 0 : error_set(err, ENOENT, "--file %s: there is no " FILES_DEFAULT " in that folder", given);
}

int
files_arguments(struct cli *c, char ***out, size_t *n, struct error *err)
{
	size_t nfiles = 0;
	char *const *files = cli_list(c, "file", &nfiles);
	char **v = arena_alloc(&c->arena, ((size_t)c->nargs + nfiles + 2) * sizeof *v);

	*n = 0;
	*out = v;
	for (int i = 0; i < c->nargs; i++)
		v[(*n)++] = c->args[i];
	for (size_t i = 0; i < nfiles; i++)
		if (file_given(c, files[i], (const char **)&v[(*n)++], err) < 0)
			return -1;
	if (*n && cli_bool(c, "all"))
		return error_set(err, ERR_INVALID, "--all is every instance there is; leave it out, or `%s`", v[0]);
	if (!*n && !cli_bool(c, "all")) {
		const char *own = file_is_instance(c), *file = own ? own : file_of_folder(c, "");

		if (file)
			v[(*n)++] = (char *)file;
	}
	v[*n] = NULL;
	return 0;
}

static int
files_by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
files_of_folder(struct cli *c, const char *dir, char ***out, struct error *err)
{
	const char *one = file_of_folder(c, dir);
	auto_dir DIR *d = opendir(dir);
	AUTO(names) found = { 0 };
	char **v;

	if (!d)
		return error_errno(err, "open %s", dir);
	for (struct dirent *e; !one && (e = readdir(d));) {
		const char *dot = strrchr(e->d_name, '.');

		if (*e->d_name == '.' || !dot || (strcmp(dot, ".yaml") != 0 && strcmp(dot, ".yml") != 0))
			continue;
		GROW(found.v, found.n, found.cap);
		found.v[found.n++] = xasprintf("%s/%s", dir, e->d_name);
	}
	if (!one && !found.n)
		return error_set(err, ENOENT, "%s: there is no " FILES_DEFAULT " in that folder, and no other .yaml", dir);
	if (found.n)
		qsort(found.v, found.n, sizeof *found.v, files_by_name);
	v = arena_alloc(&c->arena, (found.n + 2) * sizeof *v);
	if (one)
		v[0] = (char *)one;
	for (size_t i = 0; i < found.n; i++)
		v[i] = arena_strdup(&c->arena, found.v[i]);
	*out = v;
	return 0;
}

/* A file that was moved, or that was given a name of its own: which instances are meant then is for the user to say. */
static int
file_stands_for_none(struct cli *c, const char *arg, const char *name, struct error *err)
{
	AUTO(names) made = { 0 };

	if (!fs_is_file(arg))
		return error_set(err, ENOENT, "there is no file `%s`, and no instance `%s` that it could stand for", arg, name),
		       error_hint(err, "; `limactl list` lists the instances");
	if (origin_instances(c, arg, &made, err) < 0)
		return -1;
	if (!made.n)
		return 0;
	return error_set(err, ENOENT, "there is no instance `%s`; what was made from %s is %s", name, arg, names_in_words(c, &made, MAX_NAMES));
}

int
file_to_name(struct cli *c, const char **word, struct error *err)
{
	auto_free char *name = NULL;

	if (!name_is_of_file(*word))
		return 0;
	if (name_from_path(&name, *word, err) < 0)
		return -1;
	if (!instance_exists(c, name) && file_stands_for_none(c, *word, name, err) < 0)
		return -1;
	*word = arena_strdup(&c->arena, name);
	return 0;
}

int
files_to_names(struct cli *c, struct error *err)
{
	int n = c->command->stop_at_first_arg && c->nargs ? 1 : c->command->dash_command && c->dash_at > 0 ? c->dash_at : c->nargs;

	if (!c->command->complete || strcmp(c->command->complete, "@instance") != 0)
		return 0;
	if (c->command->names && n > c->command->names)
		n = c->command->names;
	for (int i = 0; i < n; i++)
		/* `web.yaml,db.yaml` is taken apart by its command */
		if (!strpbrk(c->args[i], ",*?[") && file_to_name(c, (const char **)&c->args[i], err) < 0)
			return -1;
	return 0;
}
