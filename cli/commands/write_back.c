#include "cli/commands/write_back.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/sha256.h"
#include "cli/args/origin.h"
#include "cli/run.h"
#include "resources/made_from.h"
#include "state/desired/template/template.h"

struct write_back {
	struct template file, made, copy; /* the file, what it makes now, and what the instance has */
};

static void
write_back_release(struct write_back *w)
{
	template_release(&w->file);
	template_release(&w->made);
	template_release(&w->copy);
}

static int
write_back_read(struct cli *c, const char *name, const struct made_from *from, struct write_back *w, struct error *err)
{
	struct spec_opts opts = cli_spec_opts(c);

	if (template_read(&w->file, from->file, &opts, err) < 0 || template_load(&w->made, from->file, &opts, err) < 0)
		return error_wrap(err, "the file that made the instance `%s`", name);
	return goals_instance_text(c, name, &w->copy, err);
}

/* What was written into the file since it made the instance must not be lost either. */
static int
write_back_check_file(const char *name, const struct made_from *from, const struct template *made, struct error *err)
{
	char hex[65];

	sha256_hex(made->text, made->len, hex);
	if (!strcmp(hex, from->digest))
		return 0;
	return error_set(
		err, ERR_REFUSED,
		"%s was changed since it made the instance `%s`, and that would be lost; `limactl plan %s` tells what "
		"differs: put what is to stay into the file, then apply it",
		from->file, name, name);
}

/* The file and the copy say the same now: that is remembered, and the copy is what the file makes. */
static int
write_back_remember(struct cli *c, const char *name, const struct made_from *from, struct error *err)
{
	AUTO(goals) g = {0};
	AUTO(template) t = {0};
	auto_free char *chosen = NULL;
	struct request *a;

	if (goals_template(c, from->file, name, &t, &chosen, err) < 0 ||
	    goals_add_spec(c, &g, &t, name, GOAL_STOPPED, &a, err) < 0)
		return -1;
	a->keep_goal = true;
	a->only = "dir";
	return run_engine(c, &(struct run){.requests = g.v, .nrequests = g.n, .quiet = true, .silent = true}, err);
}

static int
write_back_go(struct cli *c, const char *name, const struct made_from *from, struct write_back *w, struct error *err)
{
	struct spec_opts opts = cli_spec_opts(c);
	bool same;

	if (write_back_read(c, name, from, w, err) < 0 || template_same(&w->made, &w->copy, &same, err) < 0)
		return -1;
	if (same) {
		cli_say(&c->env, SAY_INFO, "%s says what the instance `%s` has already", from->file, name);
		return write_back_remember(c, name, from, err);
	}
	if (write_back_check_file(name, from, &w->made, err) < 0 ||
	    template_write_back(&w->file, &w->made, &w->copy, &opts, err) < 0 ||
	    fs_rewrite(from->file, w->file.text, w->file.len, 0644, err) < 0)
		return -1;
	cli_say(&c->env, SAY_INFO, "Wrote what the instance `%s` has into %s, which made it", name, from->file);
	return write_back_remember(c, name, from, err);
}

int
write_back(struct cli *c, const char *name, struct error *err)
{
	auto_free char *dir = xasprintf("%s/%s", c->env.home, name);
	struct write_back w = {0};
	struct made_from from;
	int status;

	if (name_check(name, err) < 0)
		return -1;
	if (!instance_exists(c, name))
		return error_set(err, ENOENT, "instance `%s` does not exist", name);
	if (made_from_read(dir, &c->arena, &from) != 1)
		return error_set(
			err, ENOENT,
			"no file is known to have made the instance `%s`; `limactl apply FILE` makes it that of FILE",
			name);
	status = write_back_go(c, name, &from, &w, err);
	write_back_release(&w);
	return status;
}
