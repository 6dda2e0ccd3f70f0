/* limactl watch: what happens in instances, as it happens */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/jsonspan.h"
#include "base/os/news.h"
#include "base/quote/quote.h"
#include "cli/cli.h"
#include "cli/view/tail.h"
#include "cli/view/watch_text.h"

static const struct flag flags[] = {
	{ "json", 0, FLAG_BOOL, .about = "An event a line, as JSON" },
	{ "history", 0, FLAG_BOOL, .about = "Events from before, too" },
	{ "verbose", 0, FLAG_BOOL, .about = "The log of the host agents, too" },
	{ 0 },
};

struct watched {
	struct watcher *watcher;
	char *name;
	int wd;				/* of its folder */
	struct tail events, log;
};

struct watcher {
	struct cli *cli;
	struct os_news news;
	int home_wd;			/* -1: only what was named */
	struct watched **v;
	size_t n, cap;
};

static void
status_line(const char *fmt, const char *name)
{
	time_t now = time(NULL);
	char text[32];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(stderr, "%s ", text);
	fprintf(stderr, fmt, name);
	fputc('\n', stderr);
}

static void
watch_on_event(void *ctx, const char *line)
{
	struct watched *w = ctx;
	AUTO(buf) out = BUF_INIT;

	if (line[0] != '{')
		return;
	if (cli_bool(w->watcher->cli, "json")) {
		buf_adds(&out, "{\"instance\":");
		quote_json(&out, w->name, true);
		buf_addf(&out, ",\"event\":%s}\n", line);
	} else {
		watch_text(&out, w->name, line);
	}
	cli_print(stdout, out.s, out.len);
	fflush(stdout);
}

static void
on_log(void *ctx, const char *line)
{
	struct watched *w = ctx;
	const struct cli *c = w->watcher->cli;
	struct json_span v = json_span_of(line);
	AUTO(arena) a = { 0 };
	const char *level = json_text(&a, json_at(v, "level"));
	enum level l = strcmp(level, "debug") == 0 ? SAY_DEBUG : strcmp(level, "warning") == 0 ? SAY_WARN :
		strcmp(level, "info") == 0 || line[0] != '{' ? SAY_INFO : SAY_ERROR;

	cli_say(&c->env, l, "[hostagent] %s", line[0] == '{' ? json_text(&a, json_at(v, "msg")) : line);
}

static void
watch_read_all(struct watched *w)
{
	tail_read(&w->events, watch_on_event, w);
	if (cli_bool(w->watcher->cli, "verbose"))
		tail_read(&w->log, on_log, w);
}

static bool
is_watched(const struct watcher *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->v[i]->name, name) == 0)
			return true;
	return false;
}

/* `skip`: what its log says already is past */
static void
watch_add(struct watcher *w, const char *name, bool skip)
{
	auto_free char *dir = xasprintf("%s/%s", w->cli->env.home, name);
	auto_free char *events = xasprintf("%s/ha.stdout.log", dir), *log = xasprintf("%s/ha.stderr.log", dir);
	auto_free char *yaml = xasprintf("%s/lima.yaml", dir);
	static const char *const files[] = { "ha.stdout.log", "ha.stderr.log", NULL };
	struct watched *x;

	if (!fs_exists(yaml)) {
		cli_say(&w->cli->env, SAY_WARN, "Failed to inspect instance `%s`: open %s: no such file or directory", name, yaml);
		return;
	}
	x = xcalloc(1, sizeof *x);
	*x = (struct watched){ .watcher = w, .name = xstrdup(name) };
	x->wd = os_news_add(&w->news, dir, NEWS_WRITTEN | NEWS_CREATED | NEWS_MOVED_TO | NEWS_GONE, files);
	tail_open(&x->events, events, skip);
	tail_open(&x->log, log, skip);
	GROW(w->v, w->n, w->cap);
	w->v[w->n++] = x;
	watch_read_all(x);
}

static void
watch_forget(struct watcher *w, size_t i)
{
	struct watched *x = w->v[i];

	os_news_remove(&w->news, x->wd);
	tail_release(&x->events);
	tail_release(&x->log);
	free(x->name);
	free(x);
	w->v[i] = w->v[--w->n];
}

/* Something new in the Lima home: an instance as soon as it has its lima.yaml. */
static void
watch_on_name(struct watcher *w, const char *name)
{
	auto_free char *yaml = NULL;

	if (!*name || name[0] == '.' || name[0] == '_' || is_watched(w, name))
		return;
	yaml = xasprintf("%s/%s/lima.yaml", w->cli->env.home, name);
	if (!fs_exists(yaml))
		return;
	status_line("New instance detected: %s", name);
	watch_add(w, name, false);
}

static void
on_home(struct watcher *w, const struct os_event *e)
{
	AUTO(names) names = { 0 };

	if (e->name && e->is_folder)
		watch_on_name(w, e->name);
	if (e->name || names_list(&names, w->cli->env.home, NULL) < 0)
		return;
	for (size_t i = 0; i < names.n; i++)
		watch_on_name(w, names.v[i]);
}

static void
watch_on_news(void *ctx, const struct os_event *e)
{
	struct watcher *w = ctx;

	if (e->folder == w->home_wd) {
		on_home(w, e);
		return;
	}
	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i]->wd != e->folder)
			continue;
		if (e->gone)
			watch_forget(w, i);
		else
			watch_read_all(w->v[i]);
		return;
	}
}

static int
watch_follow(struct watcher *w, struct error *err)
{
	while (os_news_take(&w->news, watch_on_news, w) == 0 || errno == EINTR)
		;
	return error_errno(err, "watch %s", w->cli->env.home);
}

static int
watch_run(struct cli *c, struct error *err)
{
	struct watcher w = { .cli = c, .home_wd = -1 };
	AUTO(names) names = { 0 };
	bool skip = !cli_bool(c, "history");

	if (os_news_open(&w.news, true) < 0)
		return error_errno(err, "watch %s", c->env.home);
	if (!cli_bool(c, "verbose") && c->log_level < SAY_WARN)
		c->log_level = SAY_WARN;
	if (c->nargs == 0) {
		if (fs_mkdirs(c->env.home, 0700, err) < 0)
			return -1;
		w.home_wd = os_news_add(&w.news, c->env.home, NEWS_CREATED | NEWS_MOVED_TO | NEWS_FOLDER_ONLY, NULL);
		if (w.home_wd < 0)
			return error_errno(err, "watch %s", c->env.home);
		if (names_list(&names, c->env.home, err) < 0)
			return -1;
		if (names.n == 0)
			status_line("No instances found%s", "");
	}
	for (size_t i = 0; i < names.n; i++)
		watch_add(&w, names.v[i], skip);
	for (int i = 0; i < c->nargs; i++)
		watch_add(&w, c->args[i], skip);
	status_line("Watching for events...%s", "");
	return watch_follow(&w, err);
}

const struct command command_watch = {
	.name = "watch",
	.group = GROUP_ADVANCED,
	.args = "[INSTANCE...]",
	.about = "Watch events of instances",
	.details = "Goes on until it is interrupted. Without a name all instances are watched, new ones too.",
	.example = "limactl watch\nlimactl watch --json default\nlimactl watch --history --verbose default",
	.complete = "@instance",
	.flags = flags,
	.max_args = -1,
	.quick = true,
	.run = watch_run,
};
