/* limactl list: the instances there are, with their state */
#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/host_arch.h"
#include "base/path_rest.h"
#include "base/size.h"
#include "cli/away/away.h"
#include "cli/view/probe.h"
#include "cli/view/instance_fields.h"
#include "cli/commands/list.h"
#include "cli/view/table.h"
#include "state/desired/yq/yq.h"
#include "state/observed/state.h"

static const struct flag flags[] = {
	{ "format", 'f', FLAG_STRING, "table", "Output format: json, yaml, table, or a Go template", .complete = "json yaml table" },
	{ "list-fields", 0, FLAG_BOOL, .about = "List the fields that a template may use" },
	{ "json", 0, FLAG_BOOL, .about = "Same as --format=json" },
	{ "quiet", 'q', FLAG_BOOL, .about = "Only show names" },
	{ "all-fields", 0, FLAG_BOOL, .about = "Show all columns, however narrow the terminal" },
	{ "yq", 0, FLAG_ARRAY, .about = "Apply a yq expression to each instance (repeatable: one after the other)" },
	{ "filter", 'l', FLAG_ARRAY, .about = "Only instances for which this yq condition holds (repeatable: all must)" },
	{ 0 },
};

static int
check_conflicts(const struct cli *c, const char *format, struct error *err)
{
	size_t nyq, nfilter;

	cli_list(c, "yq", &nyq);
	cli_list(c, "filter", &nfilter);
	if (cli_bool(c, "json") && cli_given(c, "format"))
		return error_set(err, ERR_INVALID, "option --json conflicts with option --format");
	if (cli_bool(c, "list-fields") && cli_given(c, "format"))
		return error_set(err, ERR_INVALID, "option --list-fields conflicts with option --format");
	if (nyq && cli_given(c, "format") && strcmp(format, "json") != 0 && strcmp(format, "yaml") != 0)
		return error_set(err, ERR_INVALID, "option --yq only works with --format json or yaml");
	if (nyq && cli_bool(c, "list-fields"))
		return error_set(err, ERR_INVALID, "option --list-fields conflicts with option --yq");
	if (nfilter && cli_bool(c, "list-fields"))
		return error_set(err, ERR_INVALID, "option --list-fields conflicts with option --filter");
	if (cli_bool(c, "quiet") && strcmp(format, "table") != 0)
		return error_set(err, ERR_INVALID, "option --quiet can only be used with '--format table'");
	return 0;
}

/* --- the table --- */

enum { COL_NAME, COL_STATUS, COL_SSH, COL_TYPE, COL_ARCH, COL_CPUS, COL_MEMORY, COL_DISK, COL_DIR, COL_NODE };

static bool
list_of_one_type(const struct instance *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (strcmp(v[i].vm_type, v[0].vm_type) != 0)
			return false;
	return n;
}

static bool
list_of_this_arch(const struct instance *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].arch, host_arch()) != 0)
			return false;
	return n;
}

/* Upstream's arithmetic: eight blanks a column, long ones count double. */
static unsigned
list_hidden(size_t width, bool one_type, bool native)
{
	size_t columns = 5;
	unsigned hidden = 0;

	if ((columns + 7) * 8 > width && one_type)
		hidden |= 1u << COL_TYPE;
	else
		columns++;
	if ((columns + 6) * 8 > width && native)
		hidden |= 1u << COL_ARCH;
	else
		columns++;
	if ((columns + 5) * 8 > width)
		hidden |= 1u << COL_DIR;
	return hidden;
}

/* Then by what the cells really take: first what is the same in all lines, last what one cannot do without. */
static void
list_fit(const struct cli *c, struct table *t, const struct instance *v, size_t n)
{
	bool one_type = list_of_one_type(v, n), native = list_of_this_arch(v, n);
	size_t width = cli_bool(c, "all-fields") || !stdout_is_terminal() ? 0 : table_terminal();
	int order[] = { one_type ? COL_TYPE : TABLE_NARROW, native ? COL_ARCH : TABLE_NARROW, TABLE_NARROW, COL_DIR, COL_DISK, COL_MEMORY,
			COL_CPUS, COL_ARCH, COL_TYPE, COL_SSH, -1 };

	if (!width)
		return;
	t->hidden = list_hidden(width, one_type, native);
	table_fit(t, width, order);
}

/* For people; clients are told the words that they know, and more in other fields. */
static const char *
list_status(const struct instance *i)
{
	const char *still = i->status.info.standstill;

	return instance_is_half_made(i) ? "Half-made" : still && *still ? "Paused" : i->status.word;
}

/* All that is known from here of one that is on another host. */
static void
list_row_away(struct table *t, struct instance *i)
{
	table_cell(t, i->name);
	table_cell(t, i->status.word);
	for (int k = COL_SSH; k < COL_MEMORY; k++)
		table_cell(t, "");
	table_cell(t, i->node_memory ? size_text(&i->arena, i->node_memory) : "");
	table_cell(t, "");
	table_cell(t, "");
	table_cell(t, i->node);
}

static void
list_row(struct table *t, struct instance *i, bool nodes)
{
	const char *home = getenv("HOME");
	const char *rest = home ? path_rest(i->dir, home) : NULL;

	table_cell(t, i->name);
	table_cell(t, list_status(i));
	table_cellf(t, "%s:%d", i->config ? "127.0.0.1" : "", i->config ? i->status.ssh_port : 0);
	table_cell(t, i->vm_type);
	table_cell(t, i->arch);
	table_cellf(t, "%lld", strcmp(i->vm_type, "wsl2") == 0 ? 0 : json_int(instance_config(i, "cpus"), 0));
	table_cell(t, size_text(&i->arena, instance_bytes(i, "memory")));
	table_cell(t, size_text(&i->arena, instance_bytes(i, "disk")));
	if (rest)
		table_cellf(t, "~%s", rest);
	else
		table_cell(t, i->dir);
	if (nodes)
		table_cell(t, "");
}

static void
list_print_table(const struct cli *c, struct instance *v, size_t n)
{
	static const char *const head[] = { "NAME", "STATUS", "SSH", "VMTYPE", "ARCH", "CPUS", "MEMORY", "DISK", "DIR", "NODE" };
	AUTO(table) t = { 0 };
	AUTO(buf) out = BUF_INIT;
	bool nodes = false;

	for (size_t i = 0; i < n; i++)
		nodes |= v[i].node != NULL;
	table_begin(&t, ARRAY_LEN(head) - !nodes);
	for (size_t i = 0; i < ARRAY_LEN(head) - !nodes; i++)
		table_cell(&t, head[i]);
	for (size_t i = 0; i < n; i++)
		if (v[i].node)
			list_row_away(&t, &v[i]);
		else
			list_row(&t, &v[i], nodes);
	list_fit(c, &t, v, n);
	table_print(&t, &out);
	cli_print(stdout, out.s, out.len);
}

/* --- which ones --- */

/* The names asked for that exist, in the order asked; borrowed. */
static const char **
list_choose(struct cli *c, const struct names *all, size_t *n, bool *unmatched)
{
	const char **v = arena_alloc(&c->arena, ((size_t)c->nargs + all->n + 1) * sizeof *v);

	const char *fleet;

	*n = 0;
	*unmatched = false;
	for (int i = 0; i < c->nargs; i++) {
		if (away_node(c, c->args[i], &fleet))
			continue;
		if (names_has(all, c->args[i])) {
			v[(*n)++] = c->args[i];
		} else {
			cli_say(&c->env, SAY_WARN, "No instance matching %s found.", c->args[i]);
			*unmatched = true;
		}
	}
	for (size_t i = 0; !c->nargs && i < all->n; i++)
		v[(*n)++] = all->v[i];
	return v;
}

static void
warn_of_errors(const struct cli *c, struct instance *i)
{
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) json = BUF_INIT;
	struct say_field f[2] = { { .key = "errors", .raw_json = c->log_json } };

	if (!i->nerrors)
		return;
	for (size_t n = 0; n < i->nerrors; n++)
		buf_addf(&text, "%s%s", n ? " " : "[", i->errors[n]);
	buf_addc(&text, ']');
	instance_errors_json(i, &json);
	f[0].value = c->log_json ? json.s : text.s;
	cli_say_with(c, SAY_WARN, f, "instance `%s` has errors", i->name);
}

/* Of one whose status is only a word; JSON has it among its troubles. */
static void
warn_of_standstill(const struct cli *c, const struct instance *i)
{
	if (i->status.info.standstill && *i->status.info.standstill)
		cli_say(&c->env, SAY_WARN, "the machine of `%s` stands still: %s", i->name, i->status.info.standstill);
}

static void
tell_stranger(const struct cli *c, const char *name)
{
	cli_say(&c->env, SAY_WARN, "The directory `%s` does not look like a valid Lima directory: stat %s/%s/lima.yaml: "
		"no such file or directory", c->env.home, c->env.home, name);
}

/* The first folder without a lima.yaml is named; all of them are listed as Broken. */
static void
warn_of_strangers(struct cli *c, const struct names *all)
{
	probe_all(c, (const char *const *)all->v, all->n);
	for (size_t i = 0; i < all->n; i++) {
		auto_free char *path = xasprintf("%s/%s/lima.yaml", c->env.home, all->v[i]);

		if (probe_answers(c, all->v[i]) && !fs_exists(path)) {
			tell_stranger(c, all->v[i]);
			return;
		}
	}
}

/* What is on other hosts comes behind what is here. */
static int
list_add_away(struct look *l, struct instance **v, size_t *kept, struct yq **filter, struct error *err)
{
	const size_t first = *kept;
	size_t n = first;
	int r = 0;

	away_list(l->cli, v, &n);
	for (size_t i = first; i < n; i++) {
		int keeps = r < 0 ? 0 : list_filter(l, filter, &(*v)[i], err);

		r = keeps < 0 ? -1 : r;
		if (keeps == 1)
			(*v)[(*kept)++] = (*v)[i];
		else
			instance_release(&(*v)[i]);
	}
	return r;
}

static int
list_show(struct cli *c, struct look *l, const char **names, size_t n, const char *format, struct error *err)
{
	struct instance *v = xcalloc(n + 1, sizeof *v);
	struct yq *filter = NULL;
	size_t kept = 0, nyq;
	bool told = c->nargs > 0;
	int r = 0;

	probe_all(c, names, n);
	for (size_t i = 0; i < n && r == 0; i++) {
		instance_look(l, names[i], &v[kept]);
		/* The instance was deleted or renamed since the folder was read. */
		if (!c->nargs && !v[kept].has_yaml && !fs_exists(v[kept].dir)) {
			instance_release(&v[kept]);
			continue;
		}
		if (!told && !v[kept].has_yaml) {
			tell_stranger(c, names[i]);
			told = true;
		}
		r = list_filter(l, &filter, &v[kept], err);
		if (r == 1)
			kept++;
		else
			instance_release(&v[kept]);
		r = r < 0 ? -1 : 0;
	}
	if (r == 0)
		r = list_add_away(l, &v, &kept, &filter, err);
	if (filter)
		yq_close(filter);
	cli_list(c, "yq", &nyq);
	for (size_t i = 0; i < kept && r == 0 && !(cli_bool(c, "quiet") && !nyq); i++) {
		warn_of_errors(c, &v[i]);
		warn_of_standstill(c, &v[i]);
	}
	if (r == 0 && cli_bool(c, "quiet") && !nyq)
		for (size_t i = 0; i < kept; i++)
			cli_print_line(v[i].name);
	else if (r == 0 && strcmp(format, "table") == 0)
		list_print_table(c, v, kept);
	else if (r == 0)
		r = list_print(l, v, kept, format, err);
	for (size_t i = 0; i < kept; i++)
		instance_release(&v[i]);
	free(v);
	return r;
}

static void
print_names(const char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cli_print_line(names[i]);
}

/* Memory comes in large pieces, and stays: a thousand configurations would else be hundreds of requests for it. */
static void
large_heap(void)
{
#ifdef __GLIBC__
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
#endif
}

static int
list(struct cli *c, const struct names *all, const char *format, struct error *err)
{
	size_t n, nyq, nfilter;
	bool unmatched;
	const char **names = list_choose(c, all, &n, &unmatched);
	int r = 0;

	cli_list(c, "yq", &nyq);
	cli_list(c, "filter", &nfilter);
	/* Where every instance is looked at, folders without a lima.yaml are found on the way. */
	if (c->nargs || (cli_bool(c, "quiet") && !nyq && !nfilter))
		warn_of_strangers(c, all);
	if (cli_bool(c, "quiet") && !nyq && !nfilter && !away_is_any(c)) {
		print_names(names, n);
	} else {
		struct look l;

		large_heap();
		look_begin(&l, c);
		if (l.state)
			state_snapshot(l.state, NULL);	/* failing costs time only */
		r = list_show(c, &l, names, n, format, err);
		look_release(&l);
	}
	if (r == 0 && unmatched)
		return error_set(err, ENOENT, "unmatched instances");
	return r;
}

static int
list_run(struct cli *c, struct error *err)
{
	const char *format = cli_bool(c, "json") ? "json" : cli_str(c, "format");
	AUTO(names) all = { 0 };
	size_t nyq;

	if (check_conflicts(c, format, err) < 0)
		return -1;
	cli_list(c, "yq", &nyq);
	if (nyq && !cli_given(c, "format"))
		format = "json";
	if (cli_bool(c, "list-fields")) {
		for (const struct instance_field *f = NULL; (f = instance_field_next(f));)
			if (f->shown != FIELD_OLD)
				puts(f->name);
		return 0;
	}
	if (names_list(&all, c->env.home, err) < 0)
		return -1;
	if (!c->nargs && !all.n && !away_is_any(c)) {
		cli_say(&c->env, SAY_WARN, "No instance found. Run `limactl create` to create an instance.");
		return 0;
	}
	return list(c, &all, format, err);
}

const struct command command_list = {
	.name = "list",
	.aliases = "ls",
	.group = GROUP_BASIC,
	.args = "[INSTANCE...]",
	.about = "List instances of Lima",
	.details = "Formats are table, json (an object a line), yaml, and Go templates with the fields of --list-fields;\n"
		   "functions besides Go's own: json, yaml, indent N, missing TEXT.\n"
		   "--yq and --filter are yq expressions on the JSON of an instance.\n"
		   "Members of fleets with an `engine` are listed with the host that they are on. `limactl --host ssh://USER@ADDRESS list` is what a\n"
		   "host's own limactl lists.",
	.example = "limactl list\n"
		   "limactl list --json default\n"
		   "limactl list --format '{{.Name}} {{.Status}}'\n"
		   "limactl list --filter '.status == \"Running\"' --quiet",
	.complete = "@instance",
	.flags = flags,
	.max_args = -1,
	.quick = true,
	.run = list_run,
};
