#include "cli/spec_opts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "cli/commands/start.h"
#include "cli/rounds/round.h"
#include "providers/driver.h"
#include "providers/external.h"
#include "providers/fetch/cache.h"
#include "providers/fetch/http.h"
#include "state/desired/spec/host.h"

struct told {
	struct told *before;
	const char *text;
};

/* What a file that is read twice, or is in many members of a fleet, has been told of once. */
static bool
told_before(struct cli *c, const char *text)
{
	struct told *t = c->told;

	while (t && strcmp(t->text, text) != 0)
		t = t->before;
	if (t)
		return true;
	t = arena_alloc(&c->arena, sizeof *t);
	*t = (struct told){ c->told, arena_strdup(&c->arena, text) };
	c->told = t;
	return false;
}

static void
warn_spec(void *ctx, const char *text)
{
	struct cli *c = ctx;

	if (told_before(c, text))
		return;
	c->warned++;
	cli_say(&c->env, SAY_WARN, "%s", text);
}

static void
debug_spec(void *ctx, const char *text)
{
	const struct cli *c = ctx;

	cli_say(&c->env, SAY_DEBUG, "%s", text);
}

/* Whoever watches is told what he has to watch. */
static void
reads_spec(void *ctx, const char *path)
{
	const struct cli *c = ctx;

	if (c->round)
		round_tell(c->round, ROUND_FILE, path);
}

/* What is wrong with a file, if it is more than the command ends with. */
static void
complain_spec(void *ctx, const char *text)
{
	struct cli *c = ctx;

	if (told_before(c, text))
		return;
	cli_say(&c->env, SAY_ERROR, "%s", text);
	c->complaints = arena_printf(&c->arena, "%s%s\n", c->complaints ? c->complaints : "", text);
}

static void
fetch_warn(void *ctx, const char *text)
{
	const struct cli *c = ctx;

	cli_say(&c->env, SAY_WARN, "%s", text);
}

/* By way of the cache: `fetch` leaves it there, and --offline takes it from there. */
static int
fetch_kept(struct cli *c, const char *url, struct buf *out, size_t max, struct error *err)
{
	struct fetch f = { .location = url, .cache = c->env.cache, .max_bytes = max, .offline = c->env.offline, .cancel = c->env.cancel,
			   .warn = fetch_warn, .ctx = c };
	auto_free char *path = NULL;

	if (cli_lazy(c, err) < 0)
		return -1;
	if (cache_fetch(&f, &path, err) == 0)
		return fs_read(path, out, max, err);
	return err && err->code == ENOENT && c->env.offline ?
	       error_set(err, ERR_REFUSED, "%s: is not on this host, and --offline downloads nothing; where there is a network, `limactl fetch` of the same gets it",
			 url) : -1;
}

/* Fetches a remote template, or what api.github.com tells of a repository. */
static int
fetch_spec(void *ctx, const char *url, struct buf *out, size_t max, struct error *err)
{
	struct cli *c = ctx;
	const char *token = getenv("GH_TOKEN");
	const char *headers[2] = { NULL };
	struct http_get get = { .url = url, .headers = headers, .max_bytes = max, .cancel = c->env.cancel };

	if (!token || !*token)
		token = getenv("GITHUB_TOKEN");
	if (token && *token && !strncmp(url, "https://api.github.com/", strlen("https://api.github.com/")))
		headers[0] = arena_printf(&c->arena, "Authorization: token %s", token);
	if (c->env.offline || c->env.fetches_ahead)
		return fetch_kept(c, url, out, max, err);
	return cli_lazy(c, err) < 0 ? -1 : http_get(&get, out, err);
}

/* These folders are searched for limactl-url-SCHEME before PATH. */
static const char *const *
plugin_dirs(struct cli *c)
{
	const char **v = arena_alloc(&c->arena, 3 * sizeof *v);
	const char *slash = strrchr(c->env.program, '/');

	v[0] = slash ? arena_printf(&c->arena, "%.*s", (int)(slash - c->env.program), c->env.program) : ".";
	v[1] = c->env.libexec;
	return v;
}

static void
find_template_dirs(struct cli *c)
{
	const char *list = getenv("LIMA_TEMPLATES_PATH");
	const char *const *prefixes = cli_prefixes(c);
	const char **v;
	size_t n = 0, room = 4;

	for (const char *p = list; p && *p; p++)
		room += *p == ':';
	v = arena_alloc(&c->arena, room * sizeof *v);
	if (list && *list) {
		for (const char *p = list; *p; p += strcspn(p, ":"), p += *p == ':')
			if (*p != ':')
				v[n++] = arena_printf(&c->arena, "%.*s", (int)strcspn(p, ":"), p);
	} else {
		v[n++] = arena_printf(&c->arena, "%s/_templates", c->env.home);
		for (; *prefixes; prefixes++)
			v[n++] = arena_printf(&c->arena, "%s/share/lima/templates", *prefixes);
	}
	v[n] = NULL;
	c->template_dirs = v;
}

/* Types of machines that run here. */
static const char *const *
driver_names(struct cli *c)
{
	const struct driver *const *all = driver_all();
	const char **v;
	size_t n = 0;

	while (all[n])
		n++;
	v = arena_alloc(&c->arena, (n + 1) * sizeof *v);
	for (size_t i = 0; i < n; i++)
		v[i] = all[i]->name;
	return v;
}

struct spec_opts
cli_spec_opts(struct cli *c)
{
	if (!c->template_dirs)
		find_template_dirs(c);
	if (!c->drivers)
		c->drivers = driver_names(c);
	if (!c->host)
		c->host = host_new();
	return (struct spec_opts){
		.home = c->env.home, .version = c->env.version, .warn = warn_spec,
		.template_dirs = c->template_dirs, .plugin_dirs = plugin_dirs(c), .drivers = c->drivers, .external = external_is_there, .fetch = fetch_spec,
		.complain = complain_spec, .debug = debug_spec, .reads = reads_spec, .ctx = c, .networks = c->networks, .nnetworks = c->nnetworks, .host = c->host,
	};
}

struct spec_opts
cli_strict_opts(struct cli *c)
{
	struct spec_opts opts = cli_spec_opts(c);

	opts.strict = c->command->strict && !cli_bool(c, "lenient");
	return opts;
}
