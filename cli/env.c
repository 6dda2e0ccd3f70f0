/* Where things are: found by looking at names only, since every start of the program pays for this. */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/os/file.h"
#include "base/os/host.h"
#include "base/quote/quote.h"
#include "cli/cli.h"
#include "cli/commands/start.h"
#include "cli/home_owner.h"
#include "cli/rounds/round.h"
#include "providers/driver.h"
#include "providers/external.h"
#include "providers/fetch/cache.h"
#include "providers/fetch/cache_owner.h"
#include "providers/fetch/http.h"
#include "state/desired/spec/host.h"
#include "version.h"

const char *
cli_tick(struct cli *c, const char *s)
{
	AUTO(buf) b = BUF_INIT;

	quote_tick(&b, s);
	return arena_strdup(&c->arena, b.s);
}

/* --- signals: a handler can only reach a global --- */

static volatile int cancelled;
static volatile long long cancelled_ms;

/*
 * The second one ends us at once, but not the echo of the first: timeout(1) sends it to us and to our group, and a shell or
 * make hands on what the terminal has sent to us already.
 */
enum { ECHO_MS = 300 };

static void
cli_env_on_signal(int sig)
{
	long long now = clock_ms();

	if (!cancelled)
		cancelled_ms = now;
	else if (now - cancelled_ms > ECHO_MS)
		_exit(128 + sig);
	cancelled = sig;
}

/* Time is up: as the first signal, and never as the second. */
static void
cli_env_on_alarm(int sig)
{
	if (!cancelled)
		cancelled = sig;
}

/*
 * The guest that is waited for is given until then, and says itself why it is not ready; so the rest is broken off a
 * moment later.
 */
enum { DEADLINE_GRACE_MS = 1000 };

void
cli_deadline(struct cli *c, long long ms)
{
	struct sigaction act = { .sa_handler = cli_env_on_alarm };
	long long left = c->began_ms + ms + DEADLINE_GRACE_MS - clock_ms();
	struct itimerval timer = { 0 };

	left = left > 1 ? left : 1;
	timer.it_value = (struct timeval){ left / 1000, left % 1000 * 1000 };
	c->env.deadline_ms = ms ? c->began_ms + ms : 0;
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, ms ? &timer : &(struct itimerval){ 0 }, NULL);
}

bool
cli_out_of_time(const struct cli *c)
{
	return c->env.cancel && *c->env.cancel == SIGALRM;
}

void
cli_time_over(struct cli *c, bool over)
{
	cli_deadline(c, 0);
	if (cancelled == SIGALRM || over)
		cancelled = over ? SIGALRM : 0;
}

void
cli_catch_signals(struct cli *c)
{
	struct sigaction act = { .sa_handler = cli_env_on_signal }, ignore = { .sa_handler = SIG_IGN }, hangup;

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	/* SIGHUP stops a run cleanly when the terminal goes away, unless nohup has asked to ignore it. */
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &act, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	c->env.cancel = &cancelled;
}

int
cli_failed_status(const struct cli *c, const struct error *err)
{
	if (cli_out_of_time(c))
		return STATUS_OUT_OF_TIME;
	if (c->env.cancel && *c->env.cancel)
		return 128 + *c->env.cancel;
	return err && err->code == ERR_STALE ? STATUS_STALE : 1;
}

/* --- folders --- */

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

/* --- how lima.yaml files are loaded --- */

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
