/* limactl edit: a changed lima.yaml, and the plan that follows from it */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/args/ask.h"
#include "cli/args/edit_again.h"
#include "cli/args/edit_flags.h"
#include "cli/args/fleet_args.h"
#include "cli/commands/editor.h"
#include "cli/commands/write_back.h"
#include "cli/view/instance.h"
#include "cli/view/texts.h"
#include "cli/commands/rejected.h"
#include "cli/run.h"
#include "cli/commands/started.h"
#include "resources/suspend.h"
#include "resources/set_by.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/template/template.h"

static const struct flag flags[] = {
	{ "write-back", 0, FLAG_BOOL, .about = "Write what the instance's lima.yaml says into the file that made it; comments and order stay" },
	{ "start", 0, FLAG_BOOL, .about = "Start the instance after editing" },
	{ "lenient", 0, FLAG_BOOL, .about = "Only warn of unknown keys and of sizes that nobody means, as upstream does" },
	{ "", .include = edit_flags },
	{ 0 },
};

enum { MAX_YAML = 4 << 20 };

/* What is edited, and how the result is taken. */
struct edit {
	struct template *t;
	const char *name;		/* of the instance, or the file's path */
	const char *what;		/* for the head of the text: "the instance "x"" */
	int (*take)(struct cli *c, const struct edit *e, struct error *err);	/* 0, an exit status, or -1 */
	const char *was;		/* of an instance: what its text said before */
};

/* Changes the text by flags or by the editor. 1: it is another than `old` now; 0: it is not, which is told; -1. */
static int
edit_change(struct cli *c, const struct edit *e, const char *old, const struct error *rejected, struct error *err)
{
	struct template *t = e->t;
	char *text, *head;

	if (edit_given(c)) {
		if (edit_apply(c, t, false, err) < 0)
			return -1;
	} else if (c->tty) {
		head = arena_printf(&c->arena, "# Configuration of %s.\n# An empty file aborts the edit.\n%s\n", e->what, rejected_head(c, rejected));
		text = editor_run(c, head, t->text, t->len, err);
		if (!text)
			return -1;
		free(t->text);
		t->text = text;
		t->len = strlen(text);
	}
	if (t->len == 0 || (!edit_given(c) && !c->tty)) {
		cli_say(&c->env, SAY_INFO, "Aborting, as requested by saving the file with empty content");
		return 0;
	}
	if (strcmp(old, t->text) == 0) {
		cli_say(&c->env, SAY_INFO, "Aborting, no changes made to the instance");
		return 0;
	}
	return 1;
}

/* An edit by flags is done again, on what somebody else has written meanwhile; one by an editor is kept for whoever made it. */
static bool
edit_is_refused(struct cli *c, const struct error *why)
{
	return why->code == ERR_INVALID || why->code == ERR_REFUSED || (why->code == ERR_EDITED && !edit_given(c));
}

/* Until it is taken, or whoever edits has enough: 1; 0: nothing changed, which is told; an exit status of the walk is in *status. */
static int
edit_until_taken(struct cli *c, const struct edit *e, int *status, struct error *err)
{
	auto_free char *old = xstrdup(e->t->text);
	struct error why = { 0 };
	int r;

	for (;;) {
		r = edit_change(c, e, old, &why, err);
		if (r <= 0)
			return r;
		why = (struct error){ 0 };
		*status = e->take(c, e, &why);
		if (*status >= 0)
			break;
		r = !edit_is_refused(c, &why) ? -1 : edit_given(c) ? rejected_keep(c, e->name, e->t, &why) : rejected_ask(c, e->name, e->t, &why);
		if (r < 0)
			return error_set(err, why.code, "%s", why.msg);
	}
	rejected_forget(c, e->name);
	return 1;
}

static struct spec_opts
edit_opts(struct cli *c, const struct edit *e)
{
	struct spec_opts opts = cli_strict_opts(c);

	opts.strict &= !e->t->tolerated;
	return opts;
}

/* --- a file --- */

static int
edit_write_file(const struct edit *e, struct error *err)
{
	return fs_rewrite(e->t->path, e->t->text, e->t->len, 0644, err);
}

static int
edit_take_file(struct cli *c, const struct edit *e, struct error *err)
{
	struct spec_opts opts = edit_opts(c, e);
	struct spec *spec;
	size_t members;

	if (fleet_is(e->t->text, e->t->len))
		return fleet_args_validate(c, e->t, NULL, &members, err) < 0 ? -1 : edit_write_file(e, err);
	if (template_spec(&spec, "template", e->t, 0, &opts, err) < 0)
		return -1;
	spec_free(spec);
	return edit_write_file(e, err);
}

static int
edit_file(struct cli *c, const char *path, struct error *err)
{
	AUTO(template) t = { 0 };
	AUTO(buf) text = BUF_INIT;
	int changed, status = 0;

	if (fs_read(path, &text, MAX_YAML, err) < 0)
		return -1;
	t.path = fs_realpath(path);
	t.locator = xstrdup(t.path);
	t.name = xstrdup("");
	t.len = text.len;
	t.text = buf_detach(&text);
	changed = edit_until_taken(c, &(struct edit){ &t, path, arena_printf(&c->arena, "the template %s", t.path), edit_take_file, NULL }, &status,
				   err);
	if (changed > 0)
		texts_say_made(c, path);
	return changed < 0 ? -1 : 0;
}

/* --- an instance --- */

static int
edit_take_instance(struct cli *c, const struct edit *e, struct error *err)
{
	struct spec_opts opts = edit_opts(c, e);
	AUTO(goals) g = { 0 };
	struct spec *spec;
	struct request *a;

	if (template_spec(&spec, e->name, e->t, 0, &opts, err) < 0)
		return -1;
	goals_own(&g, spec);
	/* One that is suspended stays so: what keeps it from being resumed is rejected. */
	if (goals_add(&g, e->name, suspend_is_there(spec->dir) ? GOAL_SUSPENDED : GOAL_STOPPED, &a, err) < 0)
		return -1;
	a->spec = spec;
	a->text_was = e->was;
	facts_set(&a->how, &c->arena, SET_BY_HOW, SET_BY_EDIT);
	return run_engine(c, &(struct run){ .requests = g.v, .nrequests = g.n, .quiet = true, .silent = true }, err);
}

struct edit_of {
	const char *name;
	int status;
};

static int
edit_text_of(struct cli *c, void *ctx, struct error *err)
{
	struct edit_of *e = ctx;
	const char *name = e->name;
	AUTO(template) t = { 0 };

	e->status = 0;
	if (goals_instance_text(c, name, &t, err) < 0)
		return -1;
	return edit_until_taken(c, &(struct edit){ &t, name, arena_printf(&c->arena, "the instance \"%s\"", name), edit_take_instance,
						   arena_strdup(&c->arena, t.text) }, &e->status, err);
}

static int
edit_instance(struct cli *c, struct instance *i, struct error *err)
{
	struct edit_of e = { .name = i->name };
	int changed, start;

	if (!i->has_yaml)
		return error_set(err, ENOENT, "instance `%s` not found", i->name);
	if (i->status.hypervisor || i->status.agent)
		return error_set(err, ERR_REFUSED, "cannot edit a running instance"),
		       error_hint(err, "; `limactl apply --set EXPRESSION %s` changes it and restarts it where that must be, or `limactl stop %s` "
				  "first", i->name, i->name);
	/* Who has the text in an editor is told of the other edit, and goes on from what is there. */
	changed = edit_given(c) ? edit_again(c, edit_text_of, &e, err) : edit_text_of(c, &e, err);
	if (changed < 0)
		return -1;
	if (changed == 0 || e.status != 0)
		return e.status;
	cli_say(&c->env, SAY_INFO, "Instance `%s` configuration edited", i->name);
	if (!cli_bool(c, "write-back"))
		texts_say_edited(c, i->name);
	start = ask_start(c, err);
	return start > 0 ? start_now(c, i->name, err) : start;
}

static int
edit_named(struct cli *c, const char *name, struct error *err)
{
	AUTO(instance) i = { 0 };

	instance_look_one(c, name, &i);
	if (instance_check_known(&i, err) < 0)
		return -1;
	return edit_instance(c, &i, err);
}

static int
edit_run(struct cli *c, struct error *err)
{
	const char *arg = c->nargs ? c->args[0] : "default";
	bool back = cli_bool(c, "write-back"), file = name_check(arg, NULL) < 0;
	int status = 0;

	if (file && back)
		return error_set(err, ERR_INVALID, "--write-back is of an instance, and %s is a file", cli_tick(c, arg));
	if (file)
		return edit_file(c, arg, err);
	if (!back || edit_given(c))
		status = edit_named(c, arg, err);
	return status == 0 && back ? write_back(c, arg, err) : status;
}

const struct command command_edit = {
	.name = "edit",
	.group = GROUP_BASIC,
	.args = "INSTANCE|FILE.yaml",
	.about = "Edit the lima.yaml of an instance, or a template",
	.details = "With flags it is changed as they say, else in the editor ($VISUAL, $EDITOR). An edit that cannot be\n"
		   "taken is opened again, or kept as $LIMA_HOME/_state/rejected/NAME.yaml, and the old one stays.\n"
		   "\n"
		   "An instance keeps a copy of the text that made it, $LIMA_HOME/NAME/lima.yaml. `edit NAME` and `apply --set NAME`\n"
		   "change that copy; the file stays as it is, and `plan NAME` tells where they differ. Then there are two ways:\n"
		   "`limactl apply FILE` brings the instance to the file, and `limactl edit --write-back NAME` writes what the copy\n"
		   "says otherwise into the file, comments kept. It refuses where that would lose something: the file was changed\n"
		   "since, or has the key from a base or a script's file.",
	.example = "limactl edit web\nlimactl edit --cpus=4 --memory=2 web\nlimactl edit --set '.env.FOO=\"bar\"' --start web\n"
		   "limactl edit --cpus=4 web && limactl edit --write-back web",
	.complete = "@instance @file",
	.flags = flags,
	.more_flags = ready_flags,
	.max_args = 1,
	.strict = true,
	.run = edit_run,
};
