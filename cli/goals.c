/* From the words of a command line to what is asked of which instance. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cli/run.h"
#include "state/desired/template.h"

enum { MAX_YAML = 4 << 20, MAX_SOCKET = 108 };

void
goals_release(struct goals *g)
{
	for (size_t i = 0; i < g->n; i++)
		free((char *)g->v[i].name);
	for (size_t i = 0; i < g->nspec; i++)
		spec_free(g->spec[i]);
	free(g->v);
	free(g->spec);
	*g = (struct goals){ 0 };
}

bool
instance_exists(const struct cli *c, const char *name)
{
	auto_free char *dir = xasprintf("%s/%s", c->env.home, name);

	return *name && *name != '.' && *name != '_' && !strchr(name, '/') && fs_exists(dir);
}

/* ssh makes its control socket under a longer name first */
static int
check_length(const struct cli *c, const char *name, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s/ssh.sock.1234567890123456", c->env.home, name);

	if (strlen(path) < MAX_SOCKET)
		return 0;
	return error_set(err, ERR_INVALID, "instance name `%s` too long: `%s` must be less than UNIX_PATH_MAX=%d characters, "
			 "but is %zu; choose a shorter name, or a shorter LIMA_HOME", name, path, MAX_SOCKET, strlen(path));
}

int
goals_add(struct goals *g, const char *name, enum goal goal, struct ask **out, struct error *err)
{
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->v[i].name, name))
			return error_set(err, EEXIST, "instance `%s` is named twice", name);
	GROW(g->v, g->n, g->cap);
	g->v[g->n] = (struct ask){ .name = xstrdup(name), .goal = goal };
	if (out)
		*out = &g->v[g->n];
	g->n++;
	return 0;
}

static int
add_spec(struct cli *c, struct goals *g, struct template *t, const char *name, enum goal goal, struct ask **out,
	 struct error *err)
{
	struct spec_opts opts = cli_spec_opts(c);
	struct spec *spec;
	struct ask *ask;
	size_t nset;
	char *const *set = cli_list(c, "set", &nset);

	if (!template_set_is_plain((const char *const *)set, nset) && cli_lazy(c, err) < 0)
		return -1;
	if (template_set(t, (const char *const *)set, nset, err) < 0)
		return -1;
	if (template_spec(&spec, name, t, false, &opts, err) < 0)
		return -1;
	GROW(g->spec, g->nspec, g->spec_cap);
	g->spec[g->nspec++] = spec;
	if (goal != GOAL_ABSENT && spec_check_driver(spec, &opts, err) < 0)
		return -1;
	if (goals_add(g, name, goal, &ask, err) < 0)
		return -1;
	ask->spec = spec;
	if (out)
		*out = ask;
	return 0;
}

int
goals_add_template(struct cli *c, struct goals *g, const char *locator, const char *name, enum goal goal,
		   struct ask **out, struct error *err)
{
	struct spec_opts opts = cli_spec_opts(c);
	AUTO(template) t = { 0 };

	if (template_load(&t, locator, &opts, err) < 0)
		return -1;
	if (!*name)
		name = t.name;
	if (!*name)
		return error_set(err, ERR_INVALID, "%s: no instance name can be made of that; give one with --name", locator);
	if (name_check(name, err) < 0 || check_length(c, name, err) < 0)
		return -1;
	return add_spec(c, g, &t, name, goal, out, err);
}

int
goals_add_instance(struct cli *c, struct goals *g, const char *name, enum goal goal, struct ask **out,
		   struct error *err)
{
	AUTO(template) t = { 0 };
	AUTO(buf) text = BUF_INIT;
	size_t nset;

	if (name_check(name, err) < 0)
		return -1;
	if (!instance_exists(c, name))
		return error_set(err, ENOENT, "instance `%s` does not exist, run `limactl create %s` to create it", name, name);
	cli_list(c, "set", &nset);
	if (!nset)
		return goals_add(g, name, goal, out, err);
	t.path = xasprintf("%s/%s/lima.yaml", c->env.home, name);
	if (fs_read(t.path, &text, MAX_YAML, err) < 0)
		return -1;
	t.len = text.len;
	t.text = buf_detach(&text);
	t.name = xstrdup(name);
	return add_spec(c, g, &t, name, goal, out, err);
}
