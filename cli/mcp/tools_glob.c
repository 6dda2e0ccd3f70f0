/* The tool glob: a pattern walked component by component, so that only folders are read that can match. */
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/quote/quote.h"
#include "cli/mcp/guest.h"
#include "cli/mcp/tools.h"
#include "providers/ssh/sftp.h"

enum { MATCHES_MAX = 10000, FOLDERS_MAX = 20000 };

const struct tool_field glob_takes[] = {
	{ "pattern", TOOL_TEXT, false, "Pattern: *.py, src/*/*.js; ** stands for any number of folders" },
	{ "path", TOOL_TEXT, true, "Absolute path of the folder to begin in; without it the working directory" },
	{ 0 },
};
const struct tool_field glob_gives[] = {
	{ "matches", TOOL_TEXTS, false, "Absolute paths" }, { 0 },
};

struct walk {
	struct sftp *s;
	struct buf *out;
	size_t matches, folders;
	struct error *err;
};

struct found {
	char *name;
	bool dir;
};

struct listing {
	struct found *v;
	size_t n, cap;
};

static void
listing_release(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
}

static int
tools_glob_take(void *ctx, const char *name, const struct sftp_attr *a)
{
	struct listing *l = ctx;

	GROW(l->v, l->n, l->cap);
	l->v[l->n++] = (struct found){ xstrdup(name), S_ISDIR(a->mode) };
	return 0;
}

static int
tools_glob_by_name(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->name, ((const struct found *)b)->name);
}

/* A folder that cannot be read has no matches; a broken connection is another matter. */
static int
tools_glob_list(struct walk *w, const char *dir, struct listing *out)
{
	struct error why = { 0 };

	if (++w->folders > FOLDERS_MAX)
		return error_set(w->err, E2BIG, "the pattern leads through more than %d folders", FOLDERS_MAX);
	if (sftp_list(w->s, *dir ? dir : "/", tools_glob_take, out, &why) < 0 && why.code == EPROTO)
		return error_set(w->err, why.code, "%s", why.msg);
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, tools_glob_by_name);
	return 0;
}

static int
tools_glob_add(struct walk *w, const char *path)
{
	if (++w->matches > MATCHES_MAX)
		return error_set(w->err, E2BIG, "more than %d files match", MATCHES_MAX);
	if (w->matches > 1)
		buf_addc(w->out, ',');
	quote_json(w->out, path, false);
	return 0;
}

static int tools_glob_walk(struct walk *w, const char *dir, const char *pattern);

/* `name` of `dir` fits the first component: go on with the rest, or it is a match. */
static int
tools_glob_matched(struct walk *w, const char *dir, const char *name, const char *rest)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	return *rest ? tools_glob_walk(w, path, rest) : tools_glob_add(w, path);
}

static int
tools_glob_plain(struct walk *w, const char *dir, const char *name, const char *rest)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	struct sftp_attr a;
	struct error why = { 0 };

	if (sftp_stat(w->s, path, false, &a, &why) == 0)
		return tools_glob_matched(w, dir, name, rest);
	return why.code == EPROTO ? error_set(w->err, why.code, "%s", why.msg) : 0;
}

static int
tools_glob_walk(struct walk *w, const char *dir, const char *pattern)
{
	size_t len = strcspn(pattern, "/");
	auto_free char *part = xstrndup(pattern, len);
	const char *rest = pattern + len + strspn(pattern + len, "/");
	bool deep = strcmp(part, "**") == 0;
	AUTO(listing) l = { 0 };

	if (!strpbrk(part, "*?[\\"))
		return tools_glob_plain(w, dir, part, rest);
	if (deep && *rest && tools_glob_walk(w, dir, rest) < 0)
		return -1;
	if (tools_glob_list(w, dir, &l) < 0)
		return -1;
	for (size_t i = 0; i < l.n; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, l.v[i].name);

		if (deep && l.v[i].dir && tools_glob_walk(w, path, pattern) < 0)
			return -1;
		if (deep ? !*rest && tools_glob_add(w, path) < 0
			 : fnmatch(part, l.v[i].name, 0) == 0 && (!*rest || l.v[i].dir) && tools_glob_matched(w, dir, l.v[i].name, rest) < 0)
			return -1;
	}
	return 0;
}

int
tool_glob(struct guest *g, const cJSON *args, struct buf *out, struct error *err)
{
	const char *pattern = cjson_text(args, "pattern");
	struct walk w = { .out = out, .err = err };
	AUTO(buf) dir = BUF_INIT;

	if (tool_folder(args, &dir, err) < 0 || !(w.s = guest_link(g, err)))
		return -1;
	while (dir.len && dir.s[dir.len - 1] == '/')
		buf_truncate(&dir, dir.len - 1);
	buf_adds(out, "{\"matches\":[");
	pattern += strspn(pattern, "/");
	if (*pattern && tools_glob_walk(&w, dir.s, pattern) < 0)
		return -1;
	buf_adds(out, "]}");
	return 0;
}
