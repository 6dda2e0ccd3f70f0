/* limactl disk list */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/quote/quote.h"
#include "base/size.h"
#include "cli/commands/disk.h"
#include "cli/view/table.h"

enum { COL_FORMAT = 2, COL_DIR };

static const struct flag list_flags[] = {
	{ "json", 0, FLAG_BOOL, .about = "An object a line" },
	{ 0 },
};

static void
disk_list_print_json(struct arena *a, const struct disk *d)
{
	AUTO(buf) b = BUF_INIT;

	buf_addc(&b, '{');
	quote_json_member(&b, "name", d->name);
	buf_addf(&b, ",\"size\":%" PRId64, d->size_bytes);
	quote_json_member(&b, "format", d->format);
	quote_json_member(&b, "dir", d->dir);
	quote_json_member(&b, "instance", d->instance);
	quote_json_member(&b, "instanceDir", d->instance_dir);
	quote_json_member(&b, "mountPoint", arena_printf(a, "/mnt/lima-%s", d->name));
	buf_addc(&b, '}');
	cli_print_line(b.s);
}

static void
disk_list_add_row(struct cli *c, struct table *t, const struct disk *d)
{
	table_cell(t, d->name);
	table_cell(t, size_text(&c->arena, (uint64_t)d->size_bytes));
	table_cell(t, d->format);
	table_cell(t, d->dir);
	table_cell(t, d->instance);
}

static void
disk_list_show(struct cli *c, struct table *t, const char *name)
{
	struct error err = { 0 };
	struct disk d;
	int there = disk_look(c, &c->arena, name, &d, &err);

	if (there <= 0)
		cli_say_with(c, SAY_ERROR, (struct say_field[]){ { .key = "error", .value = there ? err.msg : "no datadisk in it" }, { 0 } },
			     "disk `%s` does not exist?", name);
	else if (cli_bool(c, "json"))
		disk_list_print_json(&c->arena, &d);
	else
		disk_list_add_row(c, t, &d);
}

static int
disk_list_run(struct cli *c, struct error *err)
{
	static const char *const head[] = { "NAME", "SIZE", "FORMAT", "DIR", "IN-USE-BY" };
	static const int order[] = { TABLE_NARROW, COL_DIR, COL_FORMAT, -1 };
	AUTO(names) all = { 0 };
	AUTO(table) t = { 0 };
	AUTO(buf) out = BUF_INIT;
	size_t shown = 0;

	if (disk_names(c, &all, err) < 0)
		return -1;
	table_begin(&t, ARRAY_LEN(head));
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		table_cell(&t, head[i]);
	for (size_t i = 0; i < (c->nargs ? (size_t)c->nargs : all.n); i++) {
		const char *name = c->nargs ? c->args[i] : all.v[i];

		if (!names_has(&all, name)) {
			cli_say(&c->env, SAY_WARN, "No disk matching %s found.", name);
			continue;
		}
		disk_list_show(c, &t, name);
		shown++;
	}
	if (cli_bool(c, "json"))
		return 0;
	if (!shown)
		cli_say(&c->env, SAY_WARN, "No disk found. Run `limactl disk create DISK --size SIZE` to create a disk.");
	table_fit(&t, table_terminal(), order);
	table_print(&t, &out);
	cli_print(stdout, out.s, out.len);
	return 0;
}

const struct command command_disk_list = {
	.name = "list",
	.parent = "disk",
	.aliases = "ls",
	.args = "[DISK...]",
	.about = "List disks",
	.example = "limactl disk ls\nlimactl disk ls --json data",
	.complete = "@disk",
	.flags = list_flags,
	.max_args = -1,
	.quick = true,
	.run = disk_list_run,
};
