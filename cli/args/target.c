#include "cli/args/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/args/ask.h"
#include "cli/args/edit_flags.h"
#include "cli/commands/editor.h"
#include "cli/commands/rejected.h"
#include "cli/view/templates.h"
#include "providers/driver.h"
#include "providers/external.h"
#include "state/desired/template/template.h"

const struct flag target_flags[] = {
	{ "name", 0, FLAG_STRING, .about = "Name of the instance; by default that of the template" },
	{ "list-templates", 0, FLAG_BOOL, .about = "List the templates there are" },
	{ "list-drivers", 0, FLAG_BOOL, .about = "List the types of virtual machines there are" },
	{ "", .include = edit_flags },
	{ "", .include = new_flags },
	{ 0 },
};

bool
target_lists(struct cli *c)
{
	size_t n;
	const struct template_entry *v;

	if (cli_bool(c, "list-templates")) {
		v = templates_list(c, &n);
		for (size_t i = 0; i < n; i++)
			if (!v[i].hidden)
				puts(v[i].name);
		return true;
	}
	if (cli_bool(c, "list-drivers")) {
		const struct external *others = external_list(&c->arena, &n);

		for (const struct driver *const *d = driver_all(); *d; d++)
			puts((*d)->name);
		for (size_t i = 0; i < n; i++)
			puts(others[i].name);
		return true;
	}
	return false;
}

/* A name, not a template, even if there is a template or a file of that name. */
static int
parse_name(struct cli *c, const char *arg, const char *name, struct target *out, struct error *err)
{
	if (*name && strcmp(name, arg) != 0)
		return error_set(err, ERR_INVALID, "instance name %s and CLI flag --name=%s cannot be specified together",
				 cli_tick(c, arg), cli_tick(c, name));
	out->name = arg;
	if (instance_exists(c, arg))
		return 0;
	out->locator = "template:default";
	if (strcmp(arg, "default") == 0)
		return 0;
	cli_say(&c->env, SAY_INFO, "Creating an instance `%s` from template:default (Not from template:%s)", arg, arg);
	cli_say(&c->env, SAY_WARN, "This form is deprecated. Use `limactl %s --name=%s template:default` instead",
		c->command->name, arg);
	return 0;
}

static int
parse_stdin(struct cli *c, const char *name, struct target *out, struct error *err)
{
	if (!*name)
		return error_set(err, ERR_INVALID, "must pass instance name with --name when reading template from stdin");
	if (cli_given(c, "tty") && c->tty)
		return error_set(err, ERR_INVALID, "cannot use --tty=true when reading template from stdin");
	c->tty = false;
	*out = (struct target){ name, "-" };
	return 0;
}

int
target_parse(struct cli *c, struct target *out, struct error *err)
{
	const char *name = cli_str(c, "name"), *arg = c->nargs ? c->args[0] : NULL;

	*out = (struct target){ 0 };
	if (*name && name_check(name, err) < 0)
		return -1;
	if (!arg)
		return parse_name(c, *name ? name : "default", name, out, err);
	if (strcmp(arg, "-") == 0)
		return parse_stdin(c, name, out, err);
	if (name_check(arg, NULL) == 0)
		return parse_name(c, arg, name, out, err);
	*out = (struct target){ name, arg };
	return 0;
}

/* --- the menu --- */

static int
target_edit(struct cli *c, struct template *t, const char *name, const struct error *rejected, struct error *err)
{
	char *head = arena_printf(&c->arena, "# Configuration of the new instance \"%s\".\n# An empty file aborts.\n%s\n", name,
				  rejected_head(c, rejected));
	char *text = editor_run(c, head, t->text, t->len, err);

	if (!text)
		return -1;
	free(t->text);
	t->text = text;
	t->len = strlen(text);
	return t->len ? 0 : error_set(err, ERR_CANCELLED, "Aborting, as requested by saving the file with empty content");
}

static int
choose_another(struct cli *c, struct template *t, struct error *err)
{
	size_t n, shown = 0;
	const struct template_entry *all = templates_list(c, &n);
	const char **names = arena_alloc(&c->arena, (n + 1) * sizeof *names);
	struct spec_opts opts = cli_spec_opts(c);
	struct template other = { 0 };
	int k;

	for (size_t i = 0; i < n; i++)
		if (!all[i].hidden)
			names[shown++] = all[i].name;
	k = ask_choice(c, "Which template?", names, shown, err);
	if (k < 0 || template_load(&other, arena_printf(&c->arena, "template:%s", names[k]), &opts, err) < 0)
		return -1;
	if (edit_apply(c, &other, true, err) < 0) {
		template_release(&other);
		return -1;
	}
	template_release(t);
	*t = other;
	return 0;
}

static int
target_menu(struct cli *c, struct template *t, const char *name, struct error *err)
{
	static const char *const choices[] = {
		"Proceed", "Open the editor to review or change the configuration", "Choose another template", "Exit",
	};
	const char *title = arena_printf(&c->arena, "Creating an instance `%s`", name);
	struct error why = { 0 };

	for (;;) {
		switch (ask_choice(c, title, choices, ARRAY_LEN(choices), &why)) {
		case 0:
			return 0;
		case 1:
			return target_edit(c, t, name, &why, err);
		case 2:
			if (choose_another(c, t, err) < 0)
				return -1;
			break;
		case 3:
			return error_set(err, ERR_CANCELLED, "Choosing to exit");
		default:
			if (why.code == ERR_CANCELLED)
				return error_set(err, why.code, "%s", why.msg);
			cli_say(&c->env, SAY_WARN, "Failed to open TUI");
			return 0;
		}
	}
}

int
target_add(struct cli *c, struct goals *g, const struct target *target, enum goal goal, struct request **out, struct error *err)
{
	AUTO(template) t = { 0 };
	auto_free char *name = NULL;

	if (goals_template(c, target->locator, target->name, &t, &name, err) < 0)
		return -1;
	if (instance_exists(c, name))
		return error_set(err, EEXIST, "instance `%s` already exists (`%s/%s`)", name, c->env.home, name),
		       error_hint(err, "; `limactl start %s` starts it, `limactl apply` changes it", name);
	if (edit_apply(c, &t, true, err) < 0)
		return -1;
	if (!c->tty)
		cli_say(&c->env, SAY_INFO, "Terminal is not available, proceeding without opening an editor");
	else if (target_menu(c, &t, name, err) < 0)
		return -1;
	/* A text with mistakes is given back to the editor, so that nobody has to type it again. */
	for (;;) {
		struct error why = { 0 };

		if (goals_add_spec(c, g, &t, name, goal, out, &why) == 0)
			break;
		if (!c->tty || why.code != ERR_INVALID || rejected_ask(c, name, &t, &why) < 0)
			return error_set(err, why.code, "%s", why.msg);
		if (target_edit(c, &t, name, &why, err) < 0)
			return -1;
	}
	rejected_forget(c, name);
	return 0;
}

int
target_make(struct cli *c, struct goals *g, struct error *err)
{
	const char *name = arena_strdup(&c->arena, g->v[0].name);
	int status = run_engine(c, &(struct run){ .requests = g->v, .nrequests = g->n, .made = name, .if_failed = MADE_GOES_WITHOUT_DISK, .quiet = true }, err);

	if (status < 0 && instance_exists(c, name) && err && err->code == ERR_CANCELLED)
		error_set(err, ERR_CANCELLED, "%s; `limactl start %s` goes on, `limactl delete --force %s` gives it up",
			  cli_out_of_time(c) ? "the time of --timeout is up" : "interrupted", name, name);
	return status;
}
