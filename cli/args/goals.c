/* From the words of a command line to what is asked of which instance. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/place.h"
#include "cli/args/ask.h"
#include "cli/args/edit_flags.h"
#include "cli/args/origin.h"
#include "cli/run.h"
#include "cli/view/probe.h"
#include "resources/set_by.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/template/template.h"

enum { MAX_YAML = 4 << 20 };

void
goals_release(struct goals *g)
{
	for (size_t i = 0; i < g->n; i++)
		free((char *)g->v[i].name);
	for (size_t i = 0; i < g->nspec; i++)
		spec_free(g->spec[i]);
	for (size_t i = 0; i < g->nfleet; i++) {
		fleet_release(g->fleet[i]);
		free(g->fleet[i]);
	}
	free(g->fleet);
	free(g->v);
	free(g->spec);
	*g = (struct goals){ 0 };
}

struct run
goals_run(const struct goals *g)
{
	return (struct run){
		.requests = g->v, .nrequests = g->n, .host_requests = g->host_requests, .nhost_requests = g->nhost_requests,
		.aims = g->aims, .naims = g->naims,
	};
}

bool
instance_exists(const struct cli *c, const char *name)
{
	auto_free char *dir = xasprintf("%s/%s", c->env.home, name);
	auto_close int fd = -1;

	if (!*name || *name == '.' || *name == '_' || strchr(name, '/'))
		return false;
	/* a name alone: a drive that hangs is not asked. What cannot be looked at is there: the engine says what is wrong with it */
	fd = open(dir, os_place_flags);
	return fd >= 0 || fs_look(dir, NULL, NULL) != 0;
}

/* All of a fleet come in the order of their names, and need no search. */
static bool
is_there(struct goals *g, const char *name)
{
	if (!g->n || (!g->shuffled && strcmp(g->v[g->n - 1].name, name) < 0))
		return false;
	g->shuffled = true;
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->v[i].name, name))
			return true;
	return false;
}

bool
goals_has(const struct goals *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->v[i].name, name))
			return true;
	return false;
}

int
goals_add(struct goals *g, const char *name, enum goal goal, struct request **out, struct error *err)
{
	if (is_there(g, name))
		return error_set(err, EEXIST, "instance `%s` is named twice", name);
	GROW(g->v, g->n, g->cap);
	g->v[g->n] = (struct request){ .name = xstrdup(name), .place = g->n, .goal = goal };
	if (out)
		*out = &g->v[g->n];
	g->n++;
	return 0;
}

void
goals_own(struct goals *g, struct spec *spec)
{
	GROW(g->spec, g->nspec, g->spec_cap);
	g->spec[g->nspec++] = spec;
}

/* The warning comes once in a run, and only where something is created. */
static void
tell_root(struct cli *c)
{
	if (!c->command->creates || c->told_root || geteuid() != 0)
		return;
	c->told_root = true;
	cli_say(&c->env, SAY_WARN, "running as root: the guest user is lima");
}

int
goals_add_spec(struct cli *c, struct goals *g, const struct template *t, const char *name, enum goal goal,
	       struct request **out, struct error *err)
{
	return goals_add_copy(c, g, t, name, goal, NULL, out, err);
}

/* Who sets what this text changes. What flags say is of whoever gave them, also beside a file. */
static const char *
goals_setter(struct cli *c, const struct request *a)
{
	const char *file = origin_of_request(a);

	return file && !edit_given(c) ? arena_printf(&c->arena, SET_BY_FILE_WORD " %s", file) : SET_BY_EDIT;
}

int
goals_add_copy(struct cli *c, struct goals *g, const struct template *t, const char *name, enum goal goal, const char *from,
	       struct request **out, struct error *err)
{
	struct spec_opts opts = cli_strict_opts(c);
	struct spec *spec;
	struct request *request;

	opts.copied_from = from;
	opts.strict &= !t->tolerated;
	if (template_spec(&spec, name, t, 0, &opts, err) < 0)
		return -1;
	goals_own(g, spec);
	if (!instance_exists(c, name))
		tell_root(c);
	if (goal != GOAL_ABSENT && spec_check_driver(spec, &opts, err) < 0)
		return -1;
	if (goals_add(g, name, goal, &request, err) < 0)
		return -1;
	request->spec = spec;
	origin_want(c, t, request);
	facts_set(&request->how, &c->arena, SET_BY_HOW, goals_setter(c, request));
	if (out)
		*out = request;
	return 0;
}

/* What others wrote may name things of this host when the user says so; what is only shown uses none. */
int
goals_may_use_host(struct cli *c, const struct template *t, struct error *err)
{
	static const char *const choices[] = { "Allow", "No" };
	int k;

	for (size_t i = 0; i < t->nhost_uses; i++)
		cli_say(&c->env, SAY_WARN, "%s is of this host, and the template is somebody else's", t->host_uses[i]);
	if (!t->nhost_uses || !c->command->creates || cli_bool(c, "allow-host-paths"))
		return 0;
	if (!c->tty)
		return error_set(err, ERR_REFUSED, "%s: a template from a server names things of this host; look at it, and give "
				 "--allow-host-paths if it may use them", t->host_uses[0]);
	k = ask_choice(c, "May this template use what it names of this host?", choices, ARRAY_LEN(choices), err);
	return k == 0 ? 0 : k < 0 ? -1 : error_set(err, ERR_REFUSED, "not allowed: nothing was done");
}

static int
goals_embed(struct cli *c, const char *locator, const char *name, struct template *t, char **chosen, struct error *err)
{
	struct spec_opts opts = cli_spec_opts(c);

	if (template_embed(t, EMBED_CONFIG | EMBED_PIN, &opts, err) < 0)
		return -1;
	origin_note(c, t);
	if (goals_may_use_host(c, t, err) < 0)
		return -1;
	if (!*name)
		name = t->name;
	if (!*name)
		return error_set(err, ERR_INVALID, "%s: no instance name can be made of that; give one with --name", locator);
	if (name_check_new(name, c->env.home, err) < 0)
		return -1;
	*chosen = xstrdup(name);
	return 0;
}

int
goals_template(struct cli *c, const char *locator, const char *name, struct template *t, char **chosen, struct error *err)
{
	struct spec_opts opts = cli_spec_opts(c);

	return template_read(t, locator, &opts, err) < 0 ? -1 : goals_embed(c, locator, name, t, chosen, err);
}

int
goals_add_read(struct cli *c, struct goals *g, struct template *t, const char *locator, const char *name, enum goal goal,
	       struct request **out, struct error *err)
{
	auto_free char *chosen = NULL;

	if (goals_embed(c, locator, name, t, &chosen, err) < 0 || edit_apply(c, t, true, err) < 0)
		return -1;
	return goals_add_spec(c, g, t, chosen, goal, out, err);
}

int
goals_add_template(struct cli *c, struct goals *g, const char *locator, const char *name, enum goal goal,
		   struct request **out, struct error *err)
{
	struct spec_opts opts = cli_spec_opts(c);
	AUTO(template) t = { 0 };

	return template_read(&t, locator, &opts, err) < 0 ? -1 : goals_add_read(c, g, &t, locator, name, goal, out, err);
}

/* Would that text pass if somebody had just written it? */
static bool
goals_strictly_right(struct cli *c, const struct template *t)
{
	struct spec_opts opts = cli_strict_opts(c);
	struct spec *spec;

	spec_hush(&opts);
	if (template_spec(&spec, t->name, t, TEMPLATE_BARE, &opts, NULL) < 0)
		return false;
	spec_free(spec);
	return true;
}

int
goals_instance_text(struct cli *c, const char *name, struct template *t, struct error *err)
{
	AUTO(buf) text = BUF_INIT;

	t->path = xasprintf("%s/%s/lima.yaml", c->env.home, name);
	t->name = xstrdup(name);
	if (fs_read(t->path, &text, MAX_YAML, err) < 0)
		return instance_exists(c, name) ? -1 : error_set(err, ENOENT, "instance `%s` was deleted by another limactl meanwhile", name);
	t->len = text.len;
	t->text = buf_detach(&text);
	t->tolerated = cli_strict_opts(c).strict && !goals_strictly_right(c, t);
	return 0;
}

int
goals_add_instance(struct cli *c, struct goals *g, const char *name, enum goal goal, struct request **out,
		   struct error *err)
{
	AUTO(template) t = { 0 };
	const char *was;

	if (name_check(name, err) < 0)
		return -1;
	if (!instance_exists(c, name))
		return error_set(err, ENOENT, "instance `%s` does not exist", name), error_hint(err, ", run `limactl create %s` to create it", name);
	if (!edit_given(c))
		return goals_add(g, name, goal, out, err);
	if (!probe_answers(c, name))
		return error_set(err, ETIMEDOUT, "instance `%s`: %s", name, probe_silence(c));
	if (goals_instance_text(c, name, &t, err) < 0)
		return -1;
	was = arena_strdup(&c->arena, t.text);
	if (edit_apply(c, &t, false, err) < 0 || goals_add_spec(c, g, &t, name, goal, out, err) < 0)
		return -1;
	(*out)->text_was = was;
	return 0;
}
