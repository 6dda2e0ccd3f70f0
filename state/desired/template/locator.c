#include "state/desired/template/locator.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "state/desired/spec/load.h"
#include "state/desired/template/name.h"
#include "state/desired/spec/paths.h"
#include "state/desired/yaml/yaml.h"

enum { MAX_REWRITES = 20, PLUGIN_TIMEOUT_MS = 60000, MAX_LOCATOR = 4096, MAX_NAMES = 65536 };

static bool
locator_begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

size_t
locator_scheme(const char *s)
{
	size_t n = 0;

	if (!isalpha((unsigned char)*s))
		return 0;
	while (isalnum((unsigned char)s[n]) || (s[n] && strchr("+.-", s[n])))
		n++;
	return s[n] == ':' && n >= 2 ? n + 1 : 0;
}

bool
locator_is_remote(const char *s)
{
	return !strncasecmp(s, "http://", 7) || !strncasecmp(s, "https://", 8);
}

bool
locator_is_template(const char *s)
{
	return locator_begins(s, "template:");
}

static bool
is_final(const char *s)
{
	return !locator_scheme(s) || locator_is_remote(s) || locator_begins(s, "file:") || (locator_is_template(s) && !locator_begins(s, "template://"));
}

/* Finds limactl-url-SCHEME beside limactl, in PATH or in libexec; to free. */
static char *
find_plugin(const char *locator, size_t scheme, const struct spec_opts *opts)
{
	auto_free char *name = xasprintf("limactl-url-%.*s", (int)scheme - 1, locator);
	char *found = NULL;

	for (const char *const *d = opts->plugin_dirs; d && *d && !found; d++) {
		found = xasprintf("%s/%s", *d, name);
		if (access(found, X_OK) < 0) {
			free(found);
			found = NULL;
		}
	}
	return found ? found : proc_find(name);
}

/* 1 and *out, 0: no such plugin */
static int
locator_run_plugin(const char **out, struct arena *a, const char *locator, const struct spec_opts *opts, struct error *err)
{
	size_t scheme = locator_scheme(locator);
	auto_free char *program = find_plugin(locator, scheme, opts);
	const char *argv[] = { program, locator + scheme, NULL };
	AUTO(buf) text = BUF_INIT;
	struct proc_opts o = { .out = &text, .timeout_ms = PLUGIN_TIMEOUT_MS };
	size_t skip;

	if (!program)
		return 0;
	if (proc_run(argv, &o, err) < 0)
		return error_wrap(err, "command `%s %s` failed", program, locator + scheme);
	while (text.len && isspace((unsigned char)text.s[text.len - 1]))
		buf_truncate(&text, text.len - 1);
	skip = strspn(text.s, " \t\r\n");
	if (text.len > MAX_LOCATOR)
		return error_set(err, ERR_INVALID, "command `%s %s` printed too much for a locator", program, locator + scheme);
	*out = arena_strdup(a, text.s + skip);
	return 1;
}

/* Rewrites a locator once; 0 when there is nothing to rewrite. */
static int
locator_rewrite(const char **out, struct arena *a, const char *s, bool from_remote, const struct spec_opts *opts, struct error *err)
{
	if (locator_begins(s, "template://")) {
		*out = arena_printf(a, "template:%s", s + strlen("template://"));
		if (opts->warn)
			opts->warn(opts->ctx, arena_printf(a, "Template locator `%s` should be written `%s` since Lima v2.0", s, *out));
		return 1;
	}
	if (is_final(s))
		return 0;
	if (locator_begins(s, "github:"))
		return locator_github(out, a, s, opts, err) < 0 ? -1 : 1;
	if (from_remote)
		return error_set(err, ERR_INVALID, "a remote template must not use the locator `%s`, which may run a program", s);
	return locator_run_plugin(out, a, s, opts, err);
}

int
locator_resolve(const char **out, struct arena *a, const char *locator, bool from_remote, const struct spec_opts *opts,
		struct error *err)
{
	const char *seen[MAX_REWRITES] = { 0 }, *s = locator;
	int rc;

	for (size_t n = 0; n < MAX_REWRITES; n++) {
		for (size_t i = 0; i < n; i++)
			if (!strcmp(seen[i], s))
				return error_set(err, ERR_INVALID, "custom locator `%s` has a redirect loop", locator);
		seen[n] = s;
		rc = locator_rewrite(&s, a, s, from_remote, opts, err);
		if (rc < 0)
			return -1;
		if (!rc) {
			if (from_remote && !locator_is_remote(s) && !locator_is_template(s))
				return error_set(err, ERR_INVALID, "a remote template must not use the local file `%s`", s);
			if (locator_begins(locator, "github:") && opts->warn)
				opts->warn(opts->ctx, "The github: scheme is still EXPERIMENTAL");
			*out = s;
			return 0;
		}
		if (opts->debug)
			opts->debug(opts->ctx, arena_printf(a, "Locator `%s` replaced with `%s`", seen[n], s));
	}
	return error_set(err, ERR_INVALID, "custom locator `%s` has a redirect loop", locator);
}

/* Takes a URL or path up to and with its last slash; "template:x" up to the colon. */
static const char *
locator_folder_of(struct arena *a, const char *of)
{
	size_t scheme = locator_scheme(of);
	size_t end = strcspn(of, scheme && locator_is_remote(of) ? "?#" : "");
	const char *slash = memrchr(of, '/', end);

	if (slash)
		return arena_memdup(a, of, (size_t)(slash - of) + 1);
	return arena_memdup(a, of, scheme);
}

int
locator_absolute(const char **out, struct arena *a, const char *locator, const char *of, struct error *err)
{
	const char *home = getenv("HOME"), *folder;
	auto_free char *cwd = NULL;

	if (!*locator)
		return error_set(err, ERR_INVALID, "locator is empty");
	if (*locator == '~' && (!locator[1] || locator[1] == '/') && home) {
		*out = path_expand_tilde(a, locator, home);
		return 0;
	}
	if (*locator == '/' || locator_scheme(locator)) {
		*out = locator;
		return 0;
	}
	if (strstr(locator, "../") || strstr(locator, "..\\") || !strcmp(locator, ".."))
		return error_set(err, ERR_INVALID, "relative locator path `%s` must not contain '..' path segments", locator);
	folder = strcmp(of, "-") ? locator_folder_of(a, of) : "";
	if (locator_scheme(of)) {
		*out = arena_printf(a, "%s%s", folder, locator);
		return 0;
	}
	if (*folder != '/') {
		cwd = getcwd(NULL, 0);
		folder = arena_printf(a, "%s/%s", cwd ? cwd : ".", folder);
	}
	*out = path_join(a, folder, locator);
	return 0;
}

/* --- reading */

static bool
ends_in_yaml(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && !strcmp(name + n - 5, ".yaml");
}

/* Finds a template whose name is nearly this one. */
static const char *
near_template(struct arena *a, const char *name, const struct spec_opts *opts)
{
	AUTO(buf) names = BUF_INIT;

	for (const char *const *d = opts->template_dirs; d && *d; d++) {
		auto_dir DIR *dir = opendir(*d);
		struct dirent *e;

		while (dir && (e = readdir(dir)) && names.len < MAX_NAMES) {
			const char *end = strstr(e->d_name, ".yaml");

			if (end && *e->d_name != '.' && !strchr(e->d_name, ' '))
				buf_addf(&names, "%s%.*s", names.len ? " " : "", (int)(end - e->d_name), e->d_name);
		}
	}
	return nearest_word(a, arena_memdup(a, name, strlen(name) - (ends_in_yaml(name) ? 5 : 0)), names.s);
}

static int
locator_read_file(struct buf *out, const char *path, const struct spec_opts *opts, struct error *err)
{
	if (opts->reads)
		opts->reads(opts->ctx, path);
	return fs_read_named(path, out, YAML_MAX_TEXT, err);
}

static int
read_template(struct buf *out, const char **path, struct arena *a, const char *name, const struct spec_opts *opts, struct error *err)
{
	const char *base = path_base(name), *dot = strrchr(base, '.'), *near;

	if (strstr(name, ".."))
		return error_set(err, ERR_INVALID, "template name `%s` must not contain `..`", name);
	if (!*name)
		return error_set(err, ERR_INVALID, "template name is empty");
	if (!dot || isdigit((unsigned char)dot[1]))
		name = arena_printf(a, "%s.yaml", name);
	for (const char *const *d = opts->template_dirs; d && *d; d++) {
		*path = arena_printf(a, "%s/%s", *d, name);
		if (fs_exists(*path))
			return locator_read_file(out, *path, opts, err);
	}
	near = near_template(a, name, opts);
	return error_set(err, ENOENT, "template `%s` not found%s", name, nearest_hint(a, near));
}

static int
locator_read_stdin(struct buf *out, struct error *err)
{
	char block[16384];
	ssize_t n;

	while ((n = read(STDIN_FILENO, block, sizeof block)) > 0) {
		if (out->len + (size_t)n > YAML_MAX_TEXT)
			return error_set(err, EFBIG, "standard input: more than 4 MiB of text");
		buf_add(out, block, (size_t)n);
	}
	return n < 0 ? error_errno(err, "standard input") : 0;
}

int
locator_read(struct buf *out, const char **path, struct arena *a, const char *locator, const struct spec_opts *opts, struct error *err)
{
	*path = locator;
	if (locator_is_image(locator)) {
		locator_image_text(out, a, locator, opts);
		return 0;
	}
	if (locator_is_template(locator))
		return read_template(out, path, a, locator + strlen("template:"), opts, err);
	if (locator_is_remote(locator)) {
		if (!opts->fetch)
			return error_set(err, ERR_UNSUPPORTED, "`%s` cannot be fetched here", locator);
		return opts->fetch(opts->ctx, locator, out, YAML_MAX_TEXT, err);
	}
	if (locator_begins(locator, "file:")) {
		if (!locator_begins(locator, "file:///"))
			return error_set(err, ERR_INVALID, "file URL `%s` is not an absolute path (write file:///path)", locator);
		*path = locator + strlen("file://");
		return locator_read_file(out, *path, opts, err);
	}
	if (!strcmp(locator, "-")) {
		*path = "stdin";
		return locator_read_stdin(out, err);
	}
	if (!*locator)
		return error_set(err, ERR_INVALID, "don't know how to interpret `%s` as a template locator", locator);
	return locator_read_file(out, locator, opts, err);
}

const char *
locator_name(struct arena *a, const char *locator, const char **fault)
{
	size_t end = strcspn(locator, locator_is_remote(locator) ? "?#" : "");
	const char *plain = arena_memdup(a, locator, end);
	size_t scheme = locator_scheme(plain);
	auto_free char *name = NULL;
	struct error why;

	*fault = NULL;
	if (!strcmp(locator, "-")) {
		*fault = "can't determine instance name from template locator `-`";
		return NULL;
	}
	if (locator_is_image(locator))
		plain = locator_image_name(a, plain);
	else if (locator_is_template(plain))
		plain += scheme;
	if (name_from_path(&name, plain, &why) < 0) {
		*fault = arena_strdup(a, why.msg);
		return NULL;
	}
	return arena_strdup(a, name);
}
