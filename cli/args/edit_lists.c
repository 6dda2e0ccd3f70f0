/* Flags of lists: each adds to one of lima.yaml's, or replaces it. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/args/edit_exprs.h"
#include "cli/args/values.h"

int
edit_dns(struct edits *e, const char *arg, struct error *err)
{
	size_t n;
	char *const *ip = cli_list(e->c, e->flag, &n);
	AUTO(buf) list = BUF_INIT;
	AUTO(buf) shown = BUF_INIT;

	(void)arg;
	(void)err;
	for (size_t i = 0; i < n; i++) {
		buf_addf(&list, "%s\"%s\"", i ? "," : "", ip[i]);
		buf_addf(&shown, "%s%s", i ? " " : "", ip[i]);
	}
	edits_emit(e, ".dns += [%s] | .dns |= unique | .hostResolver.enabled = false", list.s);
	cli_say(&e->c->env, SAY_WARN, "Disabling HostResolver, as custom DNS addresses ([%s]) are specified", shown.s);
	return 0;
}

/* ~ and relative paths made absolute; links stay as they are. */
static const char *
edit_lists_absolute(struct arena *a, const char *path, struct error *err)
{
	const char *home = getenv("HOME");
	auto_free char *cwd = NULL;

	if (path[0] == '/')
		return path;
	if (path[0] == '~') {
		if ((path[1] && path[1] != '/') || !home) {
			error_set(err, ERR_INVALID, "unexpandable path `%s`", path);
			return NULL;
		}
		return arena_printf(a, "%s%s", home, path + 1);
	}
	cwd = getcwd(NULL, 0);
	if (!cwd) {
		error_errno(err, "the current folder");
		return NULL;
	}
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	return strcmp(path, ".") == 0 || !*path ? arena_strdup(a, cwd) : arena_printf(a, "%s/%s", cwd, path);
}

/* [{location, mountPoint, writable}, ...]; `last_first`: the last one given wins, so it stands first. */
static int
mount_list(struct edits *e, bool last_first, struct buf *out, struct error *err)
{
	size_t n;
	char *const *v = cli_list(e->c, e->flag, &n);

	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		const char *s = v[last_first ? n - 1 - i : i];
		size_t len = strlen(s);
		bool writable = len >= 2 && strcmp(s + len - 2, ":w") == 0;
		const char *path = edit_lists_absolute(&e->c->arena, arena_memdup(&e->c->arena, s, len - (writable ? 2 : 0)), err);

		if (!path)
			return -1;
		path = edits_quoted(e, path);
		buf_addf(out, "%s{\"location\": %s, \"mountPoint\": %s, \"writable\": %s}", i ? "," : "", path, path,
			 writable ? "true" : "false");
	}
	buf_addc(out, ']');
	return 0;
}

int
edit_mount(struct edits *e, const char *arg, struct error *err)
{
	AUTO(buf) list = BUF_INIT;

	(void)arg;
	if (cli_given(e->c, "mount-only"))
		return error_set(err, ERR_INVALID, "flag `--mount` conflicts with `--mount-only`");
	if (mount_list(e, true, &list, err) < 0)
		return -1;
	edits_emit(e, ".mounts = %s + .mounts", list.s);
	return 0;
}

int
edit_mount_only(struct edits *e, const char *arg, struct error *err)
{
	AUTO(buf) list = BUF_INIT;

	(void)arg;
	if (mount_list(e, false, &list, err) < 0)
		return -1;
	edits_emit(e, ".mounts = %s", list.s);
	return 0;
}

int
edit_mount_none(struct edits *e, const char *arg, struct error *err)
{
	static const char *const others[] = { "mount", "mount-only" };

	(void)arg;
	if (!cli_bool(e->c, e->flag))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (cli_given(e->c, others[i]))
			return error_set(err, ERR_INVALID, "flag `--mount-none` conflicts with `%s`", others[i]);
	edits_emit(e, ".mounts = null");
	return 0;
}

int
edit_network(struct edits *e, const char *arg, struct error *err)
{
	size_t n;
	char *const *v = cli_list(e->c, e->flag, &n);
	AUTO(buf) list = BUF_INIT;

	(void)arg;
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(&list, ',');
		if (strcmp(v[i], "vzNAT") == 0)
			buf_adds(&list, "{\"vzNAT\": true}");
		else if (strncmp(v[i], "lima:", 5) == 0)
			buf_addf(&list, "{\"lima\": %s}", edits_quoted(e, v[i] + 5));
		else
			return error_set(err, ERR_INVALID, "network name must be `vzNAT` or `lima:*`, got %s", cli_tick(e->c, v[i]));
	}
	edits_emit(e, ".networks += [%s] | .networks |= unique_by(.lima)", list.s);
	return 0;
}

/* Trims blanks on both sides; the result is in the arena. */
static char *
edit_lists_trimmed(struct arena *a, const char *s, size_t len)
{
	while (len && strchr(" \t", *s))
		s++, len--;
	while (len && strchr(" \t", s[len - 1]))
		len--;
	return arena_memdup(a, s, len);
}

/* HOST:GUEST[,static=BOOL] */
static int
one_forward(struct edits *e, const char *spec, struct buf *out, struct error *err)
{
	struct arena *a = &e->c->arena;
	size_t len = strcspn(spec, ",");
	char *ports = edit_lists_trimmed(a, spec, len), *colon = strchr(ports, ':');
	bool is_static = false;

	if (spec[len] && strchr(spec + len + 1, ','))
		return error_set(err, ERR_INVALID, "invalid port forward format %s, expected HOST:GUEST or HOST:GUEST,static=true",
				 cli_tick(e->c, spec));
	if (!colon || strchr(colon + 1, ':'))
		return error_set(err, ERR_INVALID, "invalid port forward format %s, expected HOST:GUEST",
				 cli_tick(e->c, arena_memdup(a, spec, len)));
	if (spec[len]) {
		const char *option = edit_lists_trimmed(a, spec + len + 1, strlen(spec + len + 1));
		AUTO(error_text) why = { 0 };

		if (strncmp(option, "static=", 7) != 0)
			return error_set(err, ERR_INVALID, "invalid parameter %s, expected `static=` followed by a boolean value",
					 cli_tick(e->c, option));
		value_bool(option + 7, &is_static, &why);
		if (why.text)
			return error_set(err, ERR_INVALID, "invalid value for static parameter: %s", cli_tick(e->c, option + 7));
	}
	*colon = '\0';
	buf_addf(out, "{\"guestPort\": %s, \"hostPort\": %s, \"static\": %s}",
		 edits_quoted(e, edit_lists_trimmed(a, colon + 1, strlen(colon + 1))), edits_quoted(e, edit_lists_trimmed(a, ports, strlen(ports))),
		 is_static ? "true" : "false");
	return 0;
}

int
edit_port_forward(struct edits *e, const char *arg, struct error *err)
{
	size_t n;
	char *const *v = cli_list(e->c, e->flag, &n);
	AUTO(buf) list = BUF_INIT;

	(void)arg;
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(&list, ',');
		if (one_forward(e, v[i], &list, err) < 0)
			return -1;
	}
	edits_emit(e, ".portForwards += [%s]", list.s);
	return 0;
}
