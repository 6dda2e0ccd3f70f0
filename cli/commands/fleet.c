/* limactl fleet ls, show: the fleets of this home, and what is there of one */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "cli/args/fleet_args.h"
#include "cli/view/instance.h"
#include "cli/view/table.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/template/template.h"

static const struct flag list_flags[] = {
	{ "json", 0, FLAG_BOOL, .about = "One JSON object a line" },
	{ "quiet", 'q', FLAG_BOOL, .about = "Only names" },
	{ 0 },
};

struct fleet_seen {
	const char *name, *file;
	size_t members, running;
};

struct fleets_seen {
	struct fleet_seen *v;
	size_t n, cap;
};

static void
fleets_seen_release(struct fleets_seen *f)
{
	free(f->v);
}

static int
fleet_by_name(const void *a, const void *b)
{
	return strcmp(((const struct fleet_seen *)a)->name, ((const struct fleet_seen *)b)->name);
}

static struct fleet_seen *
fleet_seen(struct fleets_seen *f, const struct fleet_note *note)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->v[i].name, note->fleet))
			return &f->v[i];
	GROW(f->v, f->n, f->cap);
	f->v[f->n] = (struct fleet_seen){ .name = note->fleet, .file = note->file };
	return &f->v[f->n++];
}

static int
fleet_gather(struct cli *c, struct fleets_seen *out, struct error *err)
{
	AUTO(names) all = { 0 };
	struct look l;
	int r = 0;

	if (fleet_instances(c, NULL, &all, err) < 0)
		return -1;
	look_begin(&l, c);
	for (size_t i = 0; i < all.n && r == 0; i++) {
		AUTO(instance) one = { 0 };
		struct fleet_note note;
		struct fleet_seen *f;

		r = fleet_note(c, all.v[i], &note, err);
		if (r < 0)
			break;
		instance_look(&l, all.v[i], &one);
		f = fleet_seen(out, &note);
		f->members++;
		f->running += instance_is(&one, "Running");
	}
	look_release(&l);
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, fleet_by_name);
	return r;
}

static void
fleet_print_json(const struct fleet_seen *f)
{
	AUTO(buf) b = BUF_INIT;

	buf_addc(&b, '{');
	quote_json_member(&b, "name", f->name);
	quote_json_member(&b, "file", f->file);
	buf_addf(&b, ",\"members\":%zu,\"running\":%zu}", f->members, f->running);
	cli_print_line(b.s);
}

static void
fleet_print_table(const struct fleets_seen *all)
{
	AUTO(table) t = { 0 };
	AUTO(buf) out = BUF_INIT;

	table_begin(&t, 4);
	table_cell(&t, "FLEET");
	table_cell(&t, "MEMBERS");
	table_cell(&t, "RUNNING");
	table_cell(&t, "FILE");
	for (size_t i = 0; i < all->n; i++) {
		auto_free char *members = xasprintf("%zu", all->v[i].members), *running = xasprintf("%zu", all->v[i].running);

		table_cell(&t, all->v[i].name);
		table_cell(&t, members);
		table_cell(&t, running);
		table_cell(&t, *all->v[i].file ? all->v[i].file : "-");
	}
	table_print(&t, &out);
	cli_print(stdout, out.s, out.len);
}

static int
fleet_run_list(struct cli *c, struct error *err)
{
	AUTO(fleets_seen) all = { 0 };

	if (fleet_gather(c, &all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n && (cli_bool(c, "json") || cli_bool(c, "quiet")); i++) {
		if (cli_bool(c, "json"))
			fleet_print_json(&all.v[i]);
		else
			cli_print_line(all.v[i].name);
	}
	if (!cli_bool(c, "json") && !cli_bool(c, "quiet"))
		fleet_print_table(&all);
	return 0;
}

/* --- show */

struct fleet_wanted {
	struct fleet f;
	bool read;
	const char *why;	/* it was not */
};

static void
fleet_wanted_release(struct fleet_wanted *w)
{
	fleet_release(&w->f);
}

/* The file that the members say they were made by, if it is still there and still of this fleet. */
static void
fleet_want(struct cli *c, const char *fleet, const char *file, struct fleet_wanted *out)
{
	struct spec_opts opts = cli_spec_opts(c);
	AUTO(template) t = { 0 };
	struct error why = { 0 };

	out->why = *file ? "" : "no file is known of it";
	if (!*file)
		return;
	if (template_read(&t, file, &opts, &why) < 0 || fleet_read(&out->f, &t, NULL, 0, &opts, &why) < 0)
		out->why = arena_strdup(&c->arena, why.msg);
	else if (strcmp(out->f.name, fleet) != 0)
		out->why = arena_printf(&c->arena, "%s is of the fleet `%s` now (parameters may have been given)", file, out->f.name);
	else
		out->read = true;
}

static const struct fleet_member *
fleet_member_of(const struct fleet_wanted *w, const char *name)
{
	for (size_t i = 0; w->read && i < w->f.nmembers; i++)
		if (!strcmp(w->f.members[i].name, name))
			return &w->f.members[i];
	return NULL;
}

/* What the file and the folder say of one another. */
static const char *
fleet_drift(struct cli *c, const struct fleet_wanted *w, const char *name)
{
	auto_free char *path = xasprintf("%s/%s/lima.yaml", c->env.home, name);
	const struct fleet_member *m = fleet_member_of(w, name);
	struct spec_opts opts = cli_spec_opts(c);
	AUTO(template) t = { 0 };
	AUTO(buf) have = BUF_INIT;

	if (!w->read)
		return "-";
	if (!m)
		return "no longer listed";
	if (fleet_template(&t, &w->f, m, &opts, NULL) < 0 || fs_read(path, &have, YAML_MAX_TEXT, NULL) < 0)
		return "unknown";
	return have.len == t.len && !memcmp(have.s, t.text, t.len) ? "none" : "lima.yaml";
}

static void
fleet_add_row(struct table *t, const char *name, const char *status, const char *depends, const char *drift)
{
	table_cell(t, name);
	table_cell(t, status);
	table_cell(t, depends);
	table_cell(t, drift);
}

static int
fleet_depends(struct cli *c, const char *name, const char **out, struct error *err)
{
	auto_free char *dir = xasprintf("%s/%s", c->env.home, name);
	struct spec_member m;
	AUTO(buf) b = BUF_INIT;

	if (spec_fleet_read(&c->arena, dir, &m, err) < 0)
		return -1;
	for (size_t i = 0; i < m.ndepends && i < 8; i++)
		buf_addf(&b, "%s%s", i ? "," : "", m.depends[i].name);
	if (m.ndepends > 8)
		buf_addf(&b, ",... (%zu)", m.ndepends);
	*out = arena_strdup(&c->arena, m.ndepends ? b.s : "-");
	return 0;
}

static int
fleet_show_members(struct cli *c, const struct names *members, const struct fleet_wanted *w, struct error *err)
{
	AUTO(table) t = { 0 };
	AUTO(buf) out = BUF_INIT;
	struct look l;

	table_begin(&t, 4);
	fleet_add_row(&t, "NAME", "STATUS", "DEPENDS ON", "DRIFT");
	look_begin(&l, c);
	for (size_t i = 0; i < members->n; i++) {
		AUTO(instance) one = { 0 };
		const char *depends;

		instance_look(&l, members->v[i], &one);
		if (fleet_depends(c, members->v[i], &depends, err) < 0) {
			look_release(&l);
			return -1;
		}
		fleet_add_row(&t, members->v[i], one.status.word, depends, fleet_drift(c, w, members->v[i]));
	}
	look_release(&l);
	for (size_t i = 0; w->read && i < w->f.nmembers; i++)
		if (!names_has(members, w->f.members[i].name))
			fleet_add_row(&t, w->f.members[i].name, "-", "-", "not made yet");
	table_print(&t, &out);
	cli_print(stdout, out.s, out.len);
	return 0;
}

static int
fleet_run_show(struct cli *c, struct error *err)
{
	const char *word = fleet_word(c->args[0]), *fleet = word ? word : c->args[0];
	AUTO(fleet_wanted) w = { 0 };
	AUTO(names) members = { 0 };
	struct fleet_note note;

	if (fleet_instances(c, fleet, &members, err) < 0)
		return -1;
	if (!members.n)
		return error_set(err, ENOENT, "there is no instance of a fleet `%s`", fleet), error_hint(err, "; `limactl fleet ls` lists the fleets");
	if (fleet_note(c, members.v[0], &note, err) < 0)
		return -1;
	fleet_want(c, fleet, note.file, &w);
	if (*w.why)
		cli_say(&c->env, SAY_WARN, "how the fleet `%s` is wanted is not known: %s", fleet, w.why);
	return fleet_show_members(c, &members, &w, err);
}

const struct command command_fleet = {
	.name = "fleet",
	.group = GROUP_ADVANCED,
	.about = "Fleets: instances that were made of one file",
	.details = "A fleet is made, changed and taken down by `limactl apply FILE`; fleet.yaml(5) has its keys. Commands that take\n"
		   "several instances take fleet/NAME in their place.",
	.example = "limactl apply fleet.yaml\nlimactl fleet show bench\nlimactl stop fleet/bench",
};

const struct command command_fleet_list = {
	.name = "list",
	.parent = "fleet",
	.aliases = "ls",
	.about = "List fleets",
	.example = "limactl fleet ls",
	.flags = list_flags,
	.max_args = 0,
	.quick = true,
	.run = fleet_run_list,
};

const struct command command_fleet_show = {
	.name = "show",
	.parent = "fleet",
	.args = "FLEET",
	.about = "Show the members of a fleet, and how they differ from its file",
	.details = "DRIFT compares with the file that made them, without --param and --set: `limactl plan FILE` says more.",
	.example = "limactl fleet show bench",
	.complete = "@fleet",
	.min_args = 1,
	.max_args = 1,
	.quick = true,
	.run = fleet_run_show,
};
