#include "cli/view/probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/mounts.h"
#include "cli/cli.h"
#include "cli/run.h"
#include "cli/view/instance.h"
#include "reconciler/lookers.h"

enum { PROBE_MS = 5000, SLOW_MS = 100, WORKERS = 2 };

struct probe {
	bool is_needed;
	int deadline_ms;
	struct probed {
		const char *name;
		bool answers;
	} *v;			/* sorted by name */
	size_t n;
};

static struct probe *
probe_of(struct cli *c)
{
	const char *ms = getenv("LIMACTL_TEST_LOOK_MS");

	if (c->probe)
		return c->probe;
	c->probe = arena_alloc(&c->arena, sizeof *c->probe);
	*c->probe = (struct probe){ .is_needed = ms || mounts_may_hang(c->env.home, NULL), .deadline_ms = ms ? atoi(ms) : PROBE_MS };
	return c->probe;
}

static int
probe_by_name(const void *a, const void *b)
{
	return strcmp(((const struct probed *)a)->name, ((const struct probed *)b)->name);
}

static struct probed *
probe_find(const struct probe *p, const char *name)
{
	const struct probed key = { .name = name };

	return p->n ? bsearch(&key, p->v, p->n, sizeof key, probe_by_name) : NULL;
}

struct asked {
	struct cli *c;
	struct probed *v;
	/* Of the process that looks, begun with its first group: no connection to a database outlives a fork. */
	struct look look;
};

/* Whatever a look at an instance looks at: the files of its folder, also where they are links, and lima.yaml as a reader of it does. */
static void
probe_look(void *ctx, size_t group, looker_place *at, struct buf *out)
{
	struct asked *a = ctx;
	auto_free char *dir = xasprintf("%s/%s", a->c->env.home, a->v[group].name);
	auto_dir DIR *d = opendir(dir);
	struct stat st;

	(void)out;
	for (struct dirent *e; d && (e = readdir(d));) {
		auto_free char *path = xasprintf("%s/%s", dir, e->d_name);

		++*at;
		(void)stat(path, &st);
	}
	++*at;
	if (!a->look.cli)
		look_begin(&a->look, a->c);
	instance_touch(&a->look, a->v[group].name);
}

static int
probe_told(void *ctx, size_t group, const char *p, size_t len)
{
	(void)ctx, (void)group, (void)p, (void)len;
	return 0;
}

static void
probe_lost(void *ctx, size_t group, uint32_t at, int after_ms)
{
	const struct asked *a = ctx;

	(void)at;
	a->v[group].answers = after_ms == 0;
}

void
probe_all(struct cli *c, const char *const *names, size_t n)
{
	struct probe *p = probe_of(c);
	struct asked a = { .c = c };
	struct looking l = { .ngroups = 0, .workers = WORKERS, .slow_ms = SLOW_MS, .deadline_ms = p->deadline_ms, .cancel = c->env.cancel, .ctx = &a,
			     .look = probe_look, .told = probe_told, .lost = probe_lost };
	struct probed *all;
	int r;

	if (!p->is_needed || !n)
		return;
	all = arena_alloc(&c->arena, (p->n + n) * sizeof *all);
	if (p->n)
		memcpy(all, p->v, p->n * sizeof *all);
	a.v = all + p->n;
	for (size_t i = 0; i < n; i++)
		if (!probe_find(p, names[i]))
			a.v[l.ngroups++] = (struct probed){ arena_strdup(&c->arena, names[i]), true };
	if (!l.ngroups)
		return;
	r = lookers_run(&l, NULL);
	look_release(&a.look);
	if (r < 0)
		return;
	p->v = all;
	p->n += l.ngroups;
	qsort(p->v, p->n, sizeof *p->v, probe_by_name);
}

/* What else the command names is asked for beside it: it will be looked at as well. */
static void
probe_named(struct cli *c, const char *name)
{
	const char **names;
	size_t n = 0;

	if (!probe_of(c)->is_needed || probe_find(probe_of(c), name))
		return;
	names = arena_alloc(&c->arena, ((size_t)c->nargs + 1) * sizeof *names);
	names[n++] = name;
	for (int i = 0; i < c->nargs; i++)
		if (strcmp(c->args[i], name) != 0 && !probe_find(probe_of(c), c->args[i]) && instance_exists(c, c->args[i]))
			names[n++] = c->args[i];
	probe_all(c, names, n);
}

bool
probe_answers(struct cli *c, const char *name)
{
	const struct probed *found;

	probe_named(c, name);
	found = probe_find(probe_of(c), name);
	return !found || found->answers;
}

const char *
probe_silence(struct cli *c)
{
	return arena_printf(&c->arena, "unknown, since its folder gave no answer for %d s: is a drive or a server that it is on away?",
			    (probe_of(c)->deadline_ms + 500) / 1000);
}
