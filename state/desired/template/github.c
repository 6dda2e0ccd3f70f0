/* github:ORG[/REPO[/PATH]][@BRANCH] to a URL of raw.githubusercontent.com. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"
#include "state/desired/template/locator.h"
#include "state/desired/spec/paths.h"

enum { LOOK_BYTES = 1 << 20, MAX_ANSWER = 1 << 20 };

struct place {
	const char *org, *repo, *path, *branch;	/* branch "": the default one */
};

/* These path segments would leave the repository. */
static bool
github_escapes(const char *s)
{
	for (const char *p = s; (p = strstr(p, "..")); p += 2)
		if ((p == s || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

static int
github_parse(struct place *out, struct arena *a, const char *locator, struct error *err)
{
	const char *s = locator + strlen("github:"), *at = strrchr(s, '@');
	size_t end = at ? (size_t)(at - s) : strlen(s), org, repo;
	const char *body, *file;

	body = arena_memdup(a, s, end);
	org = strcspn(body, "/");
	if (!org)
		return error_set(err, ERR_INVALID, "github: URL must contain at least an ORG, got ``");
	out->org = arena_memdup(a, body, org);
	body += org + (body[org] == '/');
	repo = strcspn(body, "/");
	out->repo = repo ? arena_memdup(a, body, repo) : out->org;
	body += repo + (body[repo] == '/');
	out->branch = at ? at + 1 : "";
	out->path = !*body || body[strlen(body) - 1] == '/' ? arena_printf(a, "%s.lima.yaml", body) : body;
	file = path_base(out->path);
	if (*file && !strchr(file + 1, '.'))
		out->path = arena_printf(a, "%s.yaml", out->path);
	if (github_escapes(out->repo) || github_escapes(out->path) || github_escapes(out->branch) || github_escapes(out->org))
		return error_set(err, ERR_INVALID, "github: `%s` must not leave the repository with `..`", locator);
	return 0;
}

static int
default_branch(const char **out, struct arena *a, const struct place *p, const struct spec_opts *opts, struct error *err)
{
	const char *url = arena_printf(a, "https://api.github.com/repos/%s/%s", p->org, p->repo);
	AUTO(buf) text = BUF_INIT;
	const char *branch;
	cJSON *json;

	if (!opts->fetch)
		return error_set(err, ERR_UNSUPPORTED, "`%s` cannot be fetched here", url);
	if (opts->fetch(opts->ctx, url, &text, MAX_ANSWER, err) < 0)
		return -1;
	json = cJSON_Parse(text.s);
	branch = cjson_text(json, "default_branch");
	if (branch && *branch && !github_escapes(branch))
		*out = arena_strdup(a, branch);
	else
		error_set(err, ERR_INVALID, "%s: no default branch in the answer", url);
	cJSON_Delete(json);
	return *out ? 0 : -1;
}

static const char *
raw_url(struct arena *a, const struct place *p, const char *branch)
{
	return arena_printf(a, "https://raw.githubusercontent.com/%s/%s/%s/%s", p->org, p->repo, branch, p->path);
}

static bool
is_yaml(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

/* A symbolic link, or a redirection, arrives as one line without blanks. */
static const char *
single_word(struct arena *a, const struct buf *text)
{
	size_t n = text->len;

	if (!n || n > 1024)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (isspace((unsigned char)text->s[i]) || !text->s[i])
			return NULL;
	return arena_memdup(a, text->s, n);
}

static int
follow_redirect(const char **out, struct arena *a, const struct place *p, const char *to, const char *from, struct error *err)
{
	size_t org = strlen(p->org);

	if (strncmp(to + 7, p->org, org) || (to[7 + org] != '/' && to[7 + org]))
		return error_set(err, ERR_INVALID, "redirect `%s` is not a `github:%s` URL (from %s)", to, p->org, from);
	if (strchr(to, '@'))
		return error_set(err, ERR_INVALID, "redirect `%s` must not include a branch/tag/sha (from %s)", to, from);
	*out = *p->branch ? arena_printf(a, "%s@%s", to, p->branch) : to;
	return 0;
}

static int
github_fetch(struct buf *text, const char *url, const struct spec_opts *opts, struct error *err)
{
	struct error why = { 0 };

	if (!opts->fetch)
		return error_set(err, ERR_UNSUPPORTED, "`%s` cannot be fetched here", url);
	if (opts->fetch(opts->ctx, url, text, LOOK_BYTES, &why) < 0)
		return error_set(err, why.code, "file `%s` not found or inaccessible: %s", url, why.code == ENOENT ? "status 404" : why.msg);
	return 0;
}

int
locator_github(const char **out, struct arena *a, const char *locator, const struct spec_opts *opts, struct error *err)
{
	const char *branch, *url, *word;
	AUTO(buf) text = BUF_INIT;
	struct place p = { 0 };
	bool own;

	if (github_parse(&p, a, locator, err) < 0)
		return -1;
	branch = *p.branch ? p.branch : NULL;
	own = !strcmp(p.org, p.repo);
	if (!branch && default_branch(&branch, a, &p, opts, err) < 0)
		return -1;
	url = raw_url(a, &p, branch);
	*out = url;
	if (!is_yaml(p.path))
		return 0;
	if (github_fetch(&text, url, opts, err) < 0) {
		/* The organisation's own repository may lack the branch that its others have. */
		if (!own || !*p.branch)
			return -1;
		branch = NULL;
		if (default_branch(&branch, a, &p, opts, err) < 0)
			return -1;
		buf_truncate(&text, 0);
		if (github_fetch(&text, raw_url(a, &p, branch), opts, err) < 0)
			return -1;
		word = single_word(a, &text);
		if (!word || strncmp(word, "github:", 7))
			return error_set(err, ERR_INVALID, "file `%s` not found or inaccessible", url);
	}
	word = single_word(a, &text);
	if (word && own && !strncmp(word, "github:", 7))
		return follow_redirect(out, a, &p, word, url, err);
	if (!word || strchr(word, ':'))
		return 0;
	if (*word == '/' || !strncmp(path_join(a, path_dir(a, p.path), word), "..", 2))
		return error_set(err, ERR_INVALID, "github: link `%s` in %s leaves the repository", word, url);
	p.path = path_join(a, path_dir(a, p.path), word);
	*out = raw_url(a, &p, branch);
	return 0;
}
