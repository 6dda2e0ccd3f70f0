/* Where things are: found by looking at names only, since every start of the program pays for this. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/os/file.h"
#include "base/os/host.h"
#include "base/quote/quote.h"
#include "cli/cli.h"
#include "cli/commands/start.h"
#include "cli/home_owner.h"
#include "providers/fetch/cache.h"
#include "providers/fetch/cache_owner.h"
#include "version.h"

const char *
cli_tick(struct cli *c, const char *s)
{
	AUTO(buf) b = BUF_INIT;

	quote_tick(&b, s);
	return arena_strdup(&c->arena, b.s);
}

/* The folder above that of the program: /usr/local of /usr/local/bin/limactl. */
static char *
prefix_of(struct arena *a, const char *program)
{
	char *p = arena_strdup(a, program), *slash = strrchr(p, '/');

	if (!slash)
		return NULL;
	*slash = '\0';
	slash = strrchr(p, '/');
	if (slash && strcmp(slash, "/.") != 0 && strcmp(slash, "/..") != 0) {
		*slash = '\0';
		return *p ? p : arena_strdup(a, "/");
	}
	if (!slash && *p && strcmp(p, ".") != 0 && strcmp(p, "..") != 0)
		return arena_strdup(a, ".");
	return arena_printf(a, "%s/..", *p ? p : "/");
}

/* The program as it was called: argv[0], looked up in PATH; NULL when it is not there. */
static char *
as_called(struct arena *a, const char *argv0)
{
	const char *path = getenv("PATH");

	if (argv0[0] == '/')
		return arena_strdup(a, argv0);
	if (strchr(argv0, '/')) {
		auto_free char *cwd = getcwd(NULL, 0);

		return arena_printf(a, "%s/%s", cwd ? cwd : ".", argv0);
	}
	while (path && *path) {
		size_t len = strcspn(path, ":");
		char *file = arena_printf(a, "%.*s/%s", len ? (int)len : 1, len ? path : ".", argv0);

		if (access(file, X_OK) == 0)
			return file;
		path += len + (path[len] == ':');
	}
	return NULL;
}

/* Links resolved. */
static const char *
as_is(struct arena *a, const char *called)
{
	auto_free char *real = realpath(os_host_own_path(), NULL);

	if (!real && called)
		real = realpath(called, NULL);
	return arena_strdup(a, real ? real : "/usr/local/bin/limactl");
}

const char *const *
cli_prefixes(struct cli *c)
{
	const char **v = arena_alloc(&c->arena, 3 * sizeof *v);
	char *called = as_called(&c->arena, c->argv0);
	size_t n = 0;

	if (!c->env.program)
		c->env.program = as_is(&c->arena, called);
	if (called)
		v[n++] = prefix_of(&c->arena, called);
	v[n] = prefix_of(&c->arena, c->env.program);
	if (n == 0 || !v[0] || strcmp(v[0], v[n]) != 0)
		n++;
	if (!v[0])
		v[0] = v[--n];
	v[n] = NULL;
	return v;
}

/* PREFIX/DIR/lima of the first prefix that has one; of the resolved program when none has. */
static const char *
cli_env_installed(struct cli *c, const char *const *prefixes, const char *dir)
{
	const char *path = NULL;

	for (; *prefixes; prefixes++) {
		path = arena_printf(&c->arena, "%s/%s/lima", *prefixes, dir);
		if (access(path, F_OK) == 0)
			break;
	}
	return path;
}

static const char *
user_home(struct cli *c)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (home && *home)
		return home;
	pw = getpwuid(getuid());
	return pw && pw->pw_dir && pw->pw_dir[0] == '/' ? arena_strdup(&c->arena, pw->pw_dir) : NULL;
}

static void
warn_of_nfs(struct cli *c)
{
	if (os_file_on_nfs(c->env.home))
		cli_say(&c->env, SAY_WARN, "LIMA_HOME should not be on an NFS mount");
}

static int
find_home(struct cli *c, struct error *err)
{
	const char *home = getenv("LIMA_HOME"), *user = user_home(c), *xdg = getenv("XDG_CACHE_HOME");
	auto_free char *real = NULL;

	if (!user && !(home && *home))
		return error_set(err, ERR_INVALID, "neither LIMA_HOME nor HOME is set: where should instances be kept?");
	if (!home || !*home)
		home = arena_printf(&c->arena, "%s/.lima", user);
	real = fs_realpath(home);
	c->env.home = arena_strdup(&c->arena, real);
	if (strpbrk(real, "\r\n"))
		return error_set(err, ERR_INVALID, "the Lima home has a line break in its path, which neither ssh's configuration nor "
				 "cloud-init's files can hold: set LIMA_HOME to another folder");
	if (xdg && *xdg == '/')
		c->env.cache = arena_printf(&c->arena, "%s/lima", xdg);
	else if (user)
		c->env.cache = arena_printf(&c->arena, "%s/%s/lima", user, os_host_caches);
	else
		c->env.cache = arena_printf(&c->arena, "%s/_cache", c->env.home);
	if (!cache_place_is_ours(c->env.cache)) {
		c->cache_of_others = c->env.cache;
		c->env.cache = arena_printf(&c->arena, "%s/_cache", c->env.home);
	}
	warn_of_nfs(c);
	return home_is_ours(c->env.home, err);
}

int
cli_env(struct cli *c, struct error *err)
{
	const char *const *prefixes = cli_prefixes(c);

	c->env.libexec = cli_env_installed(c, prefixes, "libexec");
	c->env.share = cli_env_installed(c, prefixes, "share");
	c->env.version = LIMA_VERSION;
	return c->command->light ? 0 : find_home(c, err);
}

/* Where it is named last; "" if it is not. */
static const char *
named_last(const char *text, const char *name)
{
	const char *last = "";

	for (const char *at = text; name && *name && (at = strstr(at, name)); at++)
		last = at;
	return last;
}

void
cli_explain_full(const struct cli *c, struct error *err)
{
	const char *cache = c->env.cache, *home = c->env.home;

	if (!home || !err)
		return;
	/* What is copied from the one to the other is named in that order, so the rest of the text is the shorter one. */
	const char *in_cache = named_last(err->msg, cache), *in_home = named_last(err->msg, home);

	fs_explain_full(err, *in_cache && (!*in_home || strlen(in_cache) < strlen(in_home)) ? cache : home);
}
