#include "cli/args/undo.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cli/args/edit_flags.h"
#include "resources/generation.h"
#include "state/desired/template/template.h"

enum { MAX_YAML = 4 << 20 };

const struct flag undo_flags[] = {
	{ "undo", 0, FLAG_BOOL, .about = "Back to what there was before a run (a number of `limactl history`; the last one), of all its instances or of those named" },
	{ 0 },
};

const struct flag rollback_flags[] = {
	{ "rollback-on-failure", 0, FLAG_BOOL, .about = "If this fails, bring what it has changed back to what it was before" },
	{ 0 },
};

struct undo {
	struct cli *c;
	struct goals *g;
	int64_t run;			/* 0: the last of each */
	bool just;			/* of that run alone, and not of later ones */
	bool part;			/* only those that the run had a part in */
};

static bool
undo_had_part(const struct generations *all, int64_t run)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].run == run)
			return true;
	return false;
}

/* What there was before that run: the first generation of it, or of a later one. */
static const struct generation *
undo_choose(const struct undo *u, const struct generations *all)
{
	if (!u->run)
		return all->n ? &all->v[all->n - 1] : NULL;
	for (size_t i = 0; i < all->n; i++)
		if (u->just ? all->v[i].run == u->run : all->v[i].run >= u->run)
			return &all->v[i];
	return NULL;
}

/* The text as it was, in the place of the one that is there. */
static int
undo_text(struct cli *c, const char *name, const struct generation *g, struct template *t, struct error *err)
{
	auto_free char *dir = xasprintf("%s/%s", c->env.home, name), *file = generation_path(dir, g->number, "lima.yaml");
	AUTO(buf) text = BUF_INIT;

	if (fs_read(file, &text, MAX_YAML, err) < 0)
		return -1;
	t->path = xasprintf("%s/lima.yaml", dir);
	t->name = xstrdup(name);
	t->len = text.len;
	t->text = buf_detach(&text);
	t->tolerated = true;	/* it was taken once */
	return 0;
}

/* The disk is put aside and not thrown away, but whoever works in the guest does not find there what he has written. */
static int
undo_disk(struct undo *u, struct request *a, const struct generations *all, const struct generation *g, struct error *err)
{
	struct generation_disk d = generation_disk(all, g);
	struct cli *c = u->c;
	struct want *w;

	if (!d.file && !d.snapshot)
		return 0;
	if (!u->just && !strcmp(c->command->name, "apply") && !cli_bool(c, "allow-data-loss"))
		return error_set(err, ERR_REFUSED, "`%s` would go back to the disk of its generation %d, without what was written since; --allow-data-loss says that it may",
				 a->name, g->number);
	w = arena_alloc(&c->arena, sizeof *w);
	*w = (struct want){ "disk", GENERATION_WANT, arena_printf(&c->arena, "%d", g->number) };
	a->wants = w;
	a->nwants = 1;
	facts_set(&a->how, &c->arena, GENERATION_WANT, w->value);
	return 0;
}

/* 1: it is undone; 0: there is nothing of it to undo. */
static int
undo_add(struct undo *u, const char *name, struct error *err)
{
	auto_free char *dir = xasprintf("%s/%s", u->c->env.home, name);
	AUTO(generations) all = { 0 };
	AUTO(template) t = { 0 };
	const struct generation *g;
	struct request *a;

	if (generations_read(&all, dir, err) < 0)
		return -1;
	g = u->part && !undo_had_part(&all, u->run) ? NULL : undo_choose(u, &all);
	if (!g)
		return 0;
	if (undo_text(u->c, name, g, &t, err) < 0 || goals_add_spec(u->c, u->g, &t, name, cli_bool(u->c, "running") ? GOAL_RUNNING : GOAL_STOPPED, &a, err) < 0)
		return -1;
	a->keep_goal = !cli_bool(u->c, "running") && !cli_bool(u->c, "stopped");
	return undo_disk(u, a, &all, g, err) < 0 ? -1 : 1;
}

static bool
is_run(const struct cli *c, const char *word)
{
	return *word && !word[strspn(word, "0123456789")] && !instance_exists(c, word);
}

/* The run of the generation that was made last, of any of these. */
static int
undo_last_run(struct cli *c, const struct names *names, int64_t *run, struct error *err)
{
	int64_t newest = 0;

	for (size_t i = 0; i < names->n; i++) {
		auto_free char *dir = xasprintf("%s/%s", c->env.home, names->v[i]);
		AUTO(generations) all = { 0 };
		const struct generation *g;

		if (generations_read(&all, dir, err) < 0)
			return -1;
		g = all.n ? &all.v[all.n - 1] : NULL;
		if (!g || g->when_s < newest)
			continue;
		newest = g->when_s;
		*run = g->run;
	}
	return 0;
}

static int
undo_all(struct undo *u, int *undone, struct error *err)
{
	AUTO(names) names = { 0 };

	if (names_list(&names, u->c->env.home, err) < 0 || (!u->run && undo_last_run(u->c, &names, &u->run, err) < 0))
		return -1;
	u->part = true;
	for (size_t i = 0; u->run && i < names.n; i++) {
		int one = undo_add(u, names.v[i], err);

		if (one < 0)
			return -1;
		*undone += one;
	}
	return 0;
}

int
undo_args(struct cli *c, struct goals *g, struct error *err)
{
	struct undo u = { .c = c, .g = g };
	int undone = 0, named = 0;

	if (edit_given(c))
		return error_set(err, ERR_INVALID, "--undo: what there was before is not to be changed on the way; leave --set and its like out");
	for (int i = 0; i < c->nargs; i++)
		if (is_run(c, c->args[i]))
			u.run = strtoll(c->args[i], NULL, 10);
	for (int i = 0; i < c->nargs; i++) {
		int one;

		if (is_run(c, c->args[i]))
			continue;
		if (!instance_exists(c, c->args[i]))
			return error_set(err, ENOENT, "--undo: there is no instance %s, and no such run", cli_tick(c, c->args[i]));
		one = undo_add(&u, c->args[i], err);
		if (one < 0)
			return -1;
		undone += one;
		named++;
	}
	if (!named && undo_all(&u, &undone, err) < 0)
		return -1;
	return undone ? 0 : error_set(err, ENOENT, "there is nothing to undo: no generation of before %s is kept; `limactl history INSTANCE` lists those there are",
				      u.run ? arena_printf(&c->arena, "run %" PRId64, u.run) : "now");
}

int
undo_run(struct cli *c, struct goals *g, const struct request *requests, size_t n, int64_t run, struct error *err)
{
	struct undo u = { .c = c, .g = g, .run = run, .just = true };

	for (size_t i = 0; i < n; i++)
		if (!requests[i].over && instance_exists(c, requests[i].name) && undo_add(&u, requests[i].name, err) < 0)
			return -1;
	return 0;
}
