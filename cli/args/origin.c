#include "cli/args/origin.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "cli/args/fleet_args.h"
#include "cli/run.h"
#include "cli/view/probe.h"
#include "resources/made_from.h"
#include "state/desired/template/locator.h"
#include "state/desired/template/template.h"

/* The name stays as it was given: a link that is led elsewhere later means what it leads to then. NULL: it is gone at once (a pipe). */
static const char *
origin_path(struct cli *c, const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_free char *folder = NULL, *dir = NULL;

	dir = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	folder = fs_realpath(dir);
	if (!strncmp(folder, "/dev", 4) || !strncmp(folder, "/proc", 5))
		return NULL;
	return arena_printf(&c->arena, "%s/%s", strcmp(folder, "/") != 0 ? folder : "", slash ? slash + 1 : path);
}

/* NULL: it is no file, or one that is somebody else's (a template of the template folders). */
static const char *
origin_file(struct cli *c, const struct template *t)
{
	if (locator_is_template(t->locator) || locator_is_remote(t->locator) || locator_is_image(t->locator) ||
	    !fs_is_file(t->path))
		return NULL;
	return origin_path(c, t->path);
}

void
origin_note(struct cli *c, struct template *t)
{
	char hex[65];

	sha256_hex(t->text, t->len, hex);
	t->made_from = origin_file(c, t);
	if (!t->made_from)
		t->made_from = MADE_FROM_NONE;
	t->made_digest = arena_strdup(&c->arena, hex);
	t->stamp = t->stamp ? arena_strdup(&c->arena, t->stamp) : NULL;
}

void
origin_note_none(struct template *t)
{
	t->made_from = MADE_FROM_NONE;
	t->made_digest = "";
}

void
origin_want(struct cli *c, const struct template *t, struct request *a)
{
	struct want *w;

	if (!t->made_from)
		return;
	w = arena_alloc(&c->arena, 2 * sizeof *w);
	w[0] = (struct want){"dir", "file", t->made_from};
	w[1] = (struct want){"dir", "file text", t->made_digest};
	a->wants = w;
	a->nwants = strcmp(t->made_from, MADE_FROM_NONE) != 0 ? 2 : 1;
	if (a->nwants == 2 && t->stamp)
		facts_set(&a->how, &c->arena, "file stamp", t->stamp);
}

const char *
origin_of_request(const struct request *a)
{
	for (size_t i = 0; i < a->nwants; i++)
		if (!strcmp(a->wants[i].attr, "file") && strcmp(a->wants[i].value, MADE_FROM_NONE) != 0)
			return a->wants[i].value;
	return NULL;
}

/* What cannot be read of an instance is told where it is planned. */
static bool
origin_made(struct cli *c, const char *name, const char *file, const char *real)
{
	auto_free char *dir = xasprintf("%s/%s", c->env.home, name);
	struct fleet_note fleet;
	struct made_from made;

	return (made_from_read(dir, &c->arena, &made) == 1 && !strcmp(made.file, file)) ||
	       (fleet_note(c, name, &fleet, NULL) == 0 && (!strcmp(fleet.file, file) || !strcmp(fleet.file, real)));
}

int
origin_instances(struct cli *c, const char *path, struct names *out, struct error *err)
{
	const char *file = origin_path(c, path);
	auto_free char *real = fs_realpath(path);
	AUTO(names) all = {0};

	*out = (struct names){0};
	if (names_list(&all, c->env.home, err) < 0)
		return -1;
	probe_all(c, (const char *const *)all.v, all.n);
	for (size_t i = 0; file && i < all.n; i++) {
		if (!probe_answers(c, all.v[i]) || !origin_made(c, all.v[i], file, real))
			continue;
		GROW(out->v, out->n, out->cap);
		out->v[out->n++] = xstrdup(all.v[i]);
	}
	return 0;
}

const char *
origin_made_already(struct cli *c, const char *path, const char *name)
{
	auto_free char *own = NULL, *real = NULL;
	const char *file = fs_is_file(path) ? origin_path(c, path) : NULL;

	if (!file || (!*name && name_from_path(&own, path, NULL) < 0))
		return NULL;
	real = fs_realpath(path);
	if (!*name)
		name = own;
	return instance_exists(c, name) && origin_made(c, name, file, real) ? arena_strdup(&c->arena, name) : NULL;
}
