#include "cli/rounds/watched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/jsonspan.h"
#include "base/mem.h"
#include "base/os/news.h"
#include "hostagent/protocol/ha_client.h"

/* One mask for all: of one folder there is one watch, whoever asks for it. */
enum {
	DIR_EVENTS = NEWS_CLOSED | NEWS_MOVED_TO | NEWS_MOVED_FROM | NEWS_CREATED | NEWS_DELETED | NEWS_GONE | NEWS_FOLDER_ONLY,
	LOG_EVENTS = NEWS_WRITTEN,
};

int
watched_open(struct watched *w, const char *home, struct error *err)
{
	*w = (struct watched){ .news = OS_NEWS_NONE, .home = home };
	return os_news_open(&w->news, false) < 0 ? error_errno(err, "watch folders") : 0;
}

static void
watched_forget(struct watched *w)
{
	for (size_t i = 0; i < w->ndirs; i++)
		free(w->dirs[i].name);
	w->ndirs = 0;
}

void
watched_release(struct watched *w)
{
	watched_forget(w);
	free(w->dirs);
	for (size_t i = 0; i < w->n; i++) {
		free(w->v[i].path);
		process_release(&w->v[i].agent);
		if (w->v[i].kind == PLACE_INSTANCE)
			tail_release(&w->v[i].events);
	}
	free(w->v);
	os_news_release(&w->news);
	*w = (struct watched){ .news = OS_NEWS_NONE };
}

static struct watched_place *
watched_add(struct watched *w, int kind, const char *path)
{
	for (size_t i = 0; i < w->n; i++)
		if ((int)w->v[i].kind == kind && !strcmp(w->v[i].path, path))
			return NULL;
	GROW(w->v, w->n, w->cap);
	w->v[w->n] = (struct watched_place){ .kind = kind, .path = xstrdup(path) };
	return &w->v[w->n++];
}

void
watched_file(struct watched *w, const char *path)
{
	watched_add(w, PLACE_FILE, path);
}

void
watched_folder(struct watched *w, const char *path)
{
	watched_add(w, PLACE_FOLDER, path);
}

void
watched_instance(struct watched *w, const char *name)
{
	auto_free char *dir = xasprintf("%s/%s", w->home, name), *log = xasprintf("%s/ha.stdout.log", dir);
	struct watched_place *p = watched_add(w, PLACE_INSTANCE, dir);

	if (p)
		tail_open(&p->events, log, true);
}

static void
watched_dir_add(struct watched *w, size_t place, int wd, const char *name)
{
	GROW(w->dirs, w->ndirs, w->dirs_cap);
	w->dirs[w->ndirs++] = (struct watched_dir){ wd, place, name ? xstrdup(name) : NULL };
}

/* The folder above, and what is left behind it; "." and "/" have none. */
static bool
watched_above(char *path, const char **name)
{
	char *slash = strrchr(path, '/');

	while (slash && slash != path && !slash[1]) {
		*slash = '\0';
		slash = strrchr(path, '/');
	}
	if (!slash || !slash[1])
		return false;
	*name = slash + 1;
	return true;
}

/* The folder that `path` is in, and of one that is not there the next above that is; what is to come there is what counts. */
static void
watched_dir_of(struct watched *w, size_t place, const char *path, const char *name)
{
	auto_free char *dir = xstrdup(path), *rest = name ? xstrdup(name) : NULL;

	for (;;) {
		int wd = os_news_add(&w->news, *dir ? dir : "/", DIR_EVENTS, NULL);
		const char *last;

		if (wd >= 0) {
			watched_dir_add(w, place, wd, rest);
			return;
		}
		if ((errno != ENOENT && errno != ENOTDIR) || !watched_above(dir, &last))
			return;
		free(rest);
		rest = xstrdup(last);
		*strrchr(dir, '/') = '\0';
	}
}

static void
watched_file_dirs(struct watched *w, size_t place, const char *path)
{
	auto_free char *full = *path == '/' ? xstrdup(path) : xasprintf("./%s", path);
	const char *name;

	if (!watched_above(full, &name))
		return;
	full[name - full - 1] = '\0';
	watched_dir_of(w, place, full, name);
}

/* A link is watched, and what it leads to. */
static void
watched_file_again(struct watched *w, size_t place)
{
	const char *path = w->v[place].path;
	auto_free char *real = fs_realpath(path);

	watched_file_dirs(w, place, path);
	if (strcmp(real, path) != 0)
		watched_file_dirs(w, place, real);
}

static void
watched_instance_again(struct watched *w, size_t place)
{
	struct watched_place *p = &w->v[place];
	auto_free char *log = xasprintf("%s/ha.stdout.log", p->path);
	int wd = os_news_add(&w->news, log, LOG_EVENTS, NULL);

	watched_dir_of(w, place, p->path, NULL);
	if (wd >= 0)
		watched_dir_add(w, place, wd, "");
	process_release(&p->agent);
	p->agent = (struct process){ 0 };
	if (!ha_process(p->path, &p->agent))
		p->agent = (struct process){ 0 };
}

void
watched_again(struct watched *w)
{
	watched_forget(w);
	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].kind == PLACE_FILE)
			watched_file_again(w, i);
		else if (w->v[i].kind == PLACE_FOLDER)
			watched_dir_of(w, i, w->v[i].path, NULL);
		else
			watched_instance_again(w, i);
	}
}

size_t
watched_poll(const struct watched *w, struct pollfd *v)
{
	size_t n = 0;

	v[n++] = (struct pollfd){ .fd = w->news.fd, .events = POLLIN };
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].agent.pid)
			v[n++] = (struct pollfd){ .fd = w->v[i].agent.fd, .events = POLLIN };
	return n;
}

static bool
watched_ends(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return n >= k && !strcmp(name + n - k, end);
}

/* An agent says much that changes nothing: how far a boot is, which port was opened in the guest. */
static void
watched_said(void *ctx, const char *line)
{
	struct json_span status = json_at(json_span_of(line), "status");
	AUTO(arena) a = { 0 };

	if (json_at(status, "running").p || json_at(status, "exiting").p || json_at(status, "degraded").p ||
	    !strcmp(json_text(&a, json_at(status, "portForward.type")), "failed"))
		*(int *)ctx |= WATCHED_WORLD;
}

/* What a machine writes all the time, and what is on its way to another name, tells nothing of itself. */
static int
watched_in_instance(struct watched_place *p, bool is_log, const struct os_event *e)
{
	const char *name = e->name ? e->name : "";
	int happened = 0;

	if (is_log && e->written) {
		tail_read(&p->events, watched_said, &happened);
		return happened;
	}
	if (watched_ends(name, ".log") || watched_ends(name, ".tmp") || watched_ends(name, ".lock"))
		return 0;
	return WATCHED_WORLD;
}

static int
watched_event_of(const struct watched *w, const struct watched_dir *d, const struct os_event *e)
{
	struct watched_place *p = &w->v[d->place];
	const char *name = e->name;

	if (p->kind == PLACE_INSTANCE && (!d->name || !*d->name))
		return watched_in_instance(p, d->name != NULL, e);
	if (!name)	/* not told which */
		return WATCHED_TEXT;
	if (!*name)
		return e->gone ? WATCHED_TEXT : 0;
	if (d->name)
		return !strcmp(name, d->name) ? WATCHED_TEXT : 0;
	return *name != '.' && (watched_ends(name, ".yaml") || watched_ends(name, ".yml")) ? WATCHED_TEXT : 0;
}

struct watched_news {
	struct watched *watched;
	int happened;
};

static void
watched_on_news(void *ctx, const struct os_event *e)
{
	struct watched_news *n = ctx;
	const struct watched *w = n->watched;

	if (e->lost)
		n->happened |= WATCHED_TEXT | WATCHED_WORLD;
	for (size_t i = 0; i < w->ndirs; i++)
		if (w->dirs[i].wd == e->folder)
			n->happened |= watched_event_of(w, &w->dirs[i], e);
}

static int
watched_take_news(struct watched *w)
{
	struct watched_news n = { .watched = w };

	while (os_news_take(&w->news, watched_on_news, &n) == 0 || errno == EINTR)
		;
	return n.happened;
}

int
watched_read(struct watched *w, const struct pollfd *v, size_t n)
{
	int happened = v[0].revents ? watched_take_news(w) : 0;

	for (size_t i = 1; i < n; i++) {
		if (!v[i].revents)
			continue;
		happened |= WATCHED_WORLD;
		for (size_t k = 0; k < w->n; k++)
			if (w->v[k].agent.pid && w->v[k].agent.fd == v[i].fd) {
				process_release(&w->v[k].agent);
				w->v[k].agent = (struct process){ 0 };
			}
	}
	return happened;
}
