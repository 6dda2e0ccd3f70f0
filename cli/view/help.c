/* --help of every command, out of the tables that the parser uses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "cli/cli.h"
#include "cli/args/flags.h"
#include "cli/plugins.h"
#include "cli/commands/start.h"

void
help_usage(struct buf *out, const struct command *cmd)
{
	buf_addf(out, "limactl %s%s%s", cmd->parent ? cmd->parent : "", cmd->parent ? " " : "", cmd->name);
	if (!cmd->run) {
		buf_adds(out, " [command]");
		return;
	}
	if (cmd->stop_at_first_arg)
		buf_adds(out, " [flags]");
	if (cmd->args && *cmd->args)
		buf_addf(out, " %s", cmd->args);
	if (!cmd->stop_at_first_arg)
		buf_adds(out, " [flags]");
}

static void
flag_head(struct buf *b, const struct flag *f)
{
	const char *type = flag_type_name(f);

	if (f->letter)
		buf_addf(b, "  -%c, --%s", f->letter, f->name);
	else
		buf_addf(b, "      --%s", f->name);
	if (*type)
		buf_addf(b, " %s", type);
}

static size_t
help_widest(const struct flag_values *flags)
{
	size_t w = 0;

	for (size_t i = 0; i < flags->n; i++) {
		AUTO(buf) b = BUF_INIT;

		flag_head(&b, flags->v[i].flag);
		if (b.len > w && !(flags->v[i].flag->how & FLAG_HIDDEN))
			w = b.len;
	}
	return w;
}

static int
help_by_name(const void *a, const void *b)
{
	const struct flag_value *x = a, *y = b;

	return strcmp(x->flag->name, y->flag->name);
}

static void
add_flags(struct buf *out, const char *title, struct flag_values *flags)
{
	size_t width = help_widest(flags);

	if (width == 0)
		return;
	qsort(flags->v, flags->n, sizeof *flags->v, help_by_name);
	buf_addf(out, "\n%s:\n", title);
	for (size_t i = 0; i < flags->n; i++) {
		const struct flag *f = flags->v[i].flag;
		size_t begin = out->len;

		if (f->how & FLAG_HIDDEN)
			continue;
		flag_head(out, f);
		buf_addf(out, "%*s   %s", (int)(width - (out->len - begin)), "", f->about);
		if (f->how & FLAG_EXPERIMENTAL)
			buf_adds(out, " (experimental)");
		if (f->how & FLAG_REQUIRED)
			buf_adds(out, " (required)");
		if (f->def && *f->def)
			buf_addf(out, f->type == FLAG_STRING ? " (default \"%s\")" : " (default %s)", f->def);
		buf_addc(out, '\n');
	}
}

static const struct flag help_flag[] = {
	{ "help", 'h', FLAG_BOOL, .about = "Show this help" }, { 0 },
};
static const struct flag version_flag[] = {
	{ "version", 'v', FLAG_BOOL, .about = "Show the version" }, { 0 },
};

static void
add_table(struct buf *out, const char *title, const struct flag *a, const struct flag *b, const struct flag *c)
{
	AUTO(flag_values) flags = { 0 };

	flags_add(&flags, a);
	flags_add(&flags, b);
	flags_add(&flags, c);
	add_flags(out, title, &flags);
}

/* Indents each line by two blanks. */
static void
help_add_indented(struct buf *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		buf_addf(out, "%s%.*s\n", len ? "  " : "", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static int
by_command(const void *a, const void *b)
{
	return strcmp((*(const struct command *const *)a)->name, (*(const struct command *const *)b)->name);
}

/* The commands of a group, by name; `parent` NULL: of the top level. */
static void
add_commands(struct buf *out, const char *title, const char *parent, int group)
{
	const struct command *found[128];
	size_t n = 0;

	for (size_t i = 0; commands[i] && n < ARRAY_LEN(found); i++) {
		const struct command *c = commands[i];

		if (parent ? !c->parent || strcmp(c->parent, parent) != 0 || c->group == GROUP_HIDDEN
			   : c->parent || (int)c->group != group)
			continue;
		found[n++] = c;
	}
	if (n == 0)
		return;
	qsort(found, n, sizeof *found, by_command);
	buf_addf(out, "\n%s:\n", title);
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "  %-18s  %s\n", found[i]->name, found[i]->about);
}

static void
add_aliases(struct buf *out, const struct command *cmd)
{
	buf_addf(out, "\nAliases:\n  %s", cmd->name);
	for (const char *a = cmd->aliases; *a; a += strcspn(a, " "), a += *a == ' ')
		buf_addf(out, ", %.*s", (int)strcspn(a, " "), a);
	buf_addc(out, '\n');
}

void
help_command(const struct cli *c, const struct command *cmd)
{
	AUTO(buf) out = BUF_INIT;

	(void)c;
	buf_addf(&out, "%s\n", cmd->about);
	if (cmd->details)
		buf_addf(&out, "\n%s\n", cmd->details);
	buf_adds(&out, "\nUsage:\n  ");
	help_usage(&out, cmd);
	buf_addc(&out, '\n');
	if (cmd->aliases)
		add_aliases(&out, cmd);
	if (cmd->example) {
		buf_adds(&out, "\nExamples:\n");
		help_add_indented(&out, cmd->example);
	}
	if (!cmd->run)
		add_commands(&out, "Commands", cmd->name, 0);
	add_table(&out, "Flags", cmd->flags, cmd->more_flags, help_flag);
	add_table(&out, "Global flags", global_flags, NULL, NULL);
	if (!cmd->run)
		buf_addf(&out, "\n`limactl %s COMMAND --help` tells more about a command.\n", cmd->name);
	fputs(out.s, stdout);
}

/* Those whose name begins with url- are not for people. */
static void
add_plugins(struct cli *c, struct buf *out)
{
	size_t n, shown = 0;
	const struct plugin *v = plugins_list(c, &n);

	for (size_t i = 0; i < n; i++) {
		if (strncmp(v[i].name, "url-", 4) == 0)
			continue;
		if (!shown++)
			buf_adds(out, "\nAvailable Plugins (Experimental):\n");
		buf_addf(out, "  %-18s  %s\n", v[i].name, v[i].about);
	}
}

void
help_root(struct cli *c, FILE *to)
{
	AUTO(buf) out = BUF_INIT;
	const char *const *prefixes = cli_prefixes(c);

	buf_adds(&out, "limactl: make for virtual machines\n"
		 "\nUsage:\n  limactl [command]\n"
		 "\nExamples:\n"
		 "  See what a file asks for, then make it so:\n"
		 "  $ limactl plan dev.yaml\n"
		 "  $ limactl apply dev.yaml\n\n"
		 "  Start the default instance and open a shell in it:\n"
		 "  $ limactl start\n"
		 "  $ lima\n\n"
		 "  Stop it:\n"
		 "  $ limactl stop\n\n");
	buf_addf(&out, "  Templates to start from are in %s/share/lima/templates\n", prefixes[0]);
	add_commands(&out, "Basic Commands", NULL, GROUP_BASIC);
	add_commands(&out, "Advanced Commands", NULL, GROUP_ADVANCED);
	add_plugins(c, &out);
	add_commands(&out, "Additional Commands", NULL, GROUP_OTHER);
	add_table(&out, "Flags", global_flags, help_flag, version_flag);
	buf_adds(&out, "\nAdditional help topics:\n  yq-restrictions     What yq expressions may not do in Lima\n");
	buf_adds(&out, "\n`limactl COMMAND --help` tells more about a command; `limactl --host ssh://[USER@]ADDRESS COMMAND` is carried out there.\n");
	fputs(out.s, to);
}
