/* limactl generate-doc: the manual, man(7) or Markdown, out of the tables that the parser and --help use */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/args/flags.h"
#include "cli/commands/generate_yaml_page.h"
#include "cli/commands/start.h"

static const struct flag flags[] = {
	{ "type", 0, FLAG_STRING, "man", "Format: man or docsy (Markdown)", .complete = "man docsy" },
	{ "output", 0, FLAG_STRING, .about = "Folder of the output, in links" },
	{ "prefix", 0, FLAG_STRING, .about = "Prefix of the installation, in texts" },
	{ 0 },
};

/* --- text in man(7) --- */

/* A backslash is an escape, and a dot or an apostrophe at the begin of a line a request. */
void
roff_escape(struct buf *b, const char *text)
{
	bool begin = true;

	for (; *text; text++) {
		if (begin && (*text == '.' || *text == '\''))
			buf_adds(b, "\\&");
		if (*text == '\\')
			buf_adds(b, "\\e");
		else if (*text == '-')
			buf_adds(b, "\\-");
		else
			buf_addc(b, *text);
		begin = *text == '\n';
	}
}

static void
roff_lines(struct buf *b, const char *text)
{
	buf_adds(b, ".nf\n");
	roff_escape(b, text);
	buf_adds(b, "\n.fi\n");
}

static void
flag_text(struct buf *b, const struct flag *f)
{
	buf_adds(b, f->about);
	if (f->how & FLAG_EXPERIMENTAL)
		buf_adds(b, " (experimental)");
	if (f->how & FLAG_REQUIRED)
		buf_adds(b, " (required)");
	if (f->def && *f->def)
		buf_addf(b, " (default: %s)", f->def);
}

static int
generate_doc_by_name(const void *a, const void *b)
{
	return strcmp(((const struct flag_value *)a)->flag->name, ((const struct flag_value *)b)->flag->name);
}

static void
generate_doc_collect(struct flag_values *f, const struct command *c)
{
	flags_add(f, c ? c->flags : global_flags);
	flags_add(f, c ? c->more_flags : NULL);
	if (f->n)
		qsort(f->v, f->n, sizeof *f->v, generate_doc_by_name);
}

static void
roff_flags(struct buf *b, const char *title, const struct command *c)
{
	AUTO(flag_values) f = { 0 };

	generate_doc_collect(&f, c);
	if (!f.n)
		return;
	buf_addf(b, ".SH %s\n", title);
	for (size_t i = 0; i < f.n; i++) {
		const struct flag *d = f.v[i].flag;
		AUTO(buf) text = BUF_INIT;

		if (d->how & FLAG_HIDDEN)
			continue;
		buf_adds(b, ".TP\n");
		if (d->letter)
			buf_addf(b, "\\fB\\-%c\\fR, ", d->letter);
		buf_adds(b, "\\fB\\-\\-");
		roff_escape(b, d->name);
		buf_addf(b, "\\fR%s\\fI%s\\fR\n", *flag_type_name(d) ? " " : "", flag_type_name(d));
		flag_text(&text, d);
		roff_escape(b, text.s);
		buf_addc(b, '\n');
	}
}

/* "limactl-disk-create" */
static char *
page_name(const struct command *c, char between)
{
	return c->parent ? xasprintf("limactl%c%s%c%s", between, c->parent, between, c->name) : xasprintf("limactl%c%s", between, c->name);
}

static void
roff_head(struct buf *b, const char *page, const char *about)
{
	buf_addf(b, ".TH %s 1 \"\" \"limactl\" \"User Commands\"\n.SH NAME\n", page);
	roff_escape(b, page);
	buf_adds(b, " \\- ");
	roff_escape(b, about);
	buf_addc(b, '\n');
}

static void
roff_commands(struct buf *b, const char *parent)
{
	buf_adds(b, ".SH COMMANDS\n");
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];

		if (c->group == GROUP_HIDDEN || (parent ? !c->parent || strcmp(c->parent, parent) != 0 : c->parent != NULL))
			continue;
		auto_free char *page = page_name(c, '-');

		buf_adds(b, ".TP\n\\fB");
		roff_escape(b, page);
		buf_adds(b, "\\fR(1)\n");
		roff_escape(b, c->about);
		buf_addc(b, '\n');
	}
}

static void
man_page(struct buf *b, const struct command *c)
{
	auto_free char *page = page_name(c, '-');
	AUTO(buf) usage = BUF_INIT;

	roff_head(b, page, c->about);
	help_usage(&usage, c);
	buf_adds(b, ".SH SYNOPSIS\n\\fB");
	roff_escape(b, usage.s);
	buf_adds(b, "\\fR\n.SH DESCRIPTION\n");
	roff_escape(b, c->about);
	buf_adds(b, ".\n");
	if (c->details) {
		buf_adds(b, ".PP\n");
		roff_lines(b, c->details);
	}
	if (c->aliases) {
		buf_adds(b, ".PP\nOther names: ");
		roff_escape(b, c->aliases);
		buf_adds(b, ".\n");
	}
	if (!c->run)
		roff_commands(b, c->name);
	roff_flags(b, "OPTIONS", c);
	if (c->example) {
		buf_adds(b, ".SH EXAMPLES\n");
		roff_lines(b, c->example);
	}
	buf_adds(b, ".SH SEE ALSO\n\\fBlimactl\\fR(1), \\fBlima.yaml\\fR(5)\n");
}

static const struct { const char *name, *about; } variables[] = {
	{ "LIMA_HOME", "Where instances live; ~/.lima by default" },
	{ "LIMA_INSTANCE, LIMA_SHELL, LIMA_WORKDIR", "Instance, shell and folder of the program lima" },
	{ "LIMA_DRIVERS_PATH", "Folders with external drivers (lima-driver-NAME), or such programs, before the installed ones" },
	{ "LIMA_TEMPLATES_PATH", "Folders with templates, instead of $LIMA_HOME/_templates and the installed ones" },
	{ "LIMA_SHELLENV_BLOCK, LIMA_SHELLENV_ALLOW", "Which variables shell --preserve-env hands on" },
	{ "LIMA_QEMU_ACCEL", "kvm or tcg, instead of what the host is found to do" },
	{ "QEMU_SYSTEM_X86_64, QEMU_SYSTEM_AARCH64, ...", "The QEMU for an architecture, with arguments" },
	{ "SSH", "The ssh program, with arguments" },
	{ "VISUAL, EDITOR, PAGER", "Programs of the user" },
	{ "XDG_CACHE_HOME", "Where downloads are kept, below lima; ~/.cache by default" },
	{ "https_proxy, http_proxy, no_proxy", "The way to servers; handed on to guests too" },
	{ "SSL_CERT_FILE, SSL_CERT_DIR", "The roots that servers are verified with, instead of the system's" },
	{ "NO_COLOR", "If set, no colours" },
};

static void
man_root(struct buf *b)
{
	roff_head(b, "limactl", "make for virtual machines");
	buf_adds(b, ".SH SYNOPSIS\n\\fBlimactl\\fR \\fICOMMAND\\fR [flags] [arguments]\n.SH DESCRIPTION\n");
	roff_escape(b, "You write a lima.yaml; limactl works out what differs from it and does just that. `limactl plan` shows\n"
		"what would be done and why, `limactl apply` does it. The other commands pose their goal in the same way.\n");
	roff_commands(b, NULL);
	roff_flags(b, "OPTIONS", NULL);
	buf_adds(b, ".SH ENVIRONMENT\n");
	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		buf_addf(b, ".TP\n\\fB%s\\fR\n", variables[i].name);
		roff_escape(b, variables[i].about);
		buf_addc(b, '\n');
	}
	buf_adds(b, ".SH EXIT STATUS\n0 if all went well, 1 if not; of \\fBshell\\fR and \\fBcopy\\fR that of the program they run. "
		 "\\fBplan \\-\\-detailed\\-exitcode\\fR ends with 2 when there is something to do.\n"
		 ".SH SEE ALSO\n\\fBlima.yaml\\fR(5), \\fBlima\\fR(1)\n");
}

/* The programs beside limactl (cli/wrappers). */
static const struct {
	const char *name, *about, *words, *details, *see;
} wrappers[] = {
	{ "lima", "run a command, or a shell, in an instance", "COMMAND",
	  "The same as `limactl shell` for the instance $LIMA_INSTANCE, or `default`.", "limactl-shell" },
	{ "apptainer.lima", "apptainer in an instance", "ARGUMENT",
	  "Runs apptainer in the instance $LIMA_INSTANCE, or `apptainer`, which sees the home folder.", "lima" },
	{ "docker.lima", "docker on the engine of an instance", "ARGUMENT",
	  "Runs $DOCKER, or docker, of this host on the engine of the instance $LIMA_INSTANCE, or `docker`; if there is none, that in the guest.", "lima" },
	{ "kubectl.lima", "kubectl on the cluster of an instance", "ARGUMENT",
	  "Runs $KUBECTL, or kubectl, of this host on the cluster of the instance $LIMA_INSTANCE, or of `k3s` or `k8s`, whichever there is; if this host has none, that in the guest.", "lima" },
	{ "nerdctl.lima", "nerdctl in an instance", "ARGUMENT",
	  "Runs nerdctl in the instance $LIMA_INSTANCE, or `default`, with variables of this host handed on.", "lima" },
	{ "podman.lima", "podman on the service of an instance", "ARGUMENT",
	  "Runs $PODMAN, or podman, of this host on the service of the instance $LIMA_INSTANCE, or `podman`; if there is none, that in the guest.", "lima" },
	{ "limactl-url-fedora-rawhide", "find the image of today", "LOCATOR",
	  "Is run by limactl for templates of the scheme `fedora-rawhide:`, whose images get new names every day. $FEDORA_RAWHIDE_URL is the folder of a mirror.", "limactl" },
};

static void
roff_wrapper(struct buf *b, size_t i)
{
	roff_head(b, wrappers[i].name, wrappers[i].about);
	buf_adds(b, ".SH SYNOPSIS\n\\fB");
	roff_escape(b, wrappers[i].name);
	buf_addf(b, "\\fR [\\fI%s\\fR...]\n.SH DESCRIPTION\n", wrappers[i].words);
	roff_escape(b, wrappers[i].details);
	buf_adds(b, "\n.SH SEE ALSO\n\\fB");
	roff_escape(b, wrappers[i].see);
	buf_adds(b, "\\fR(1)\n");
}

/* --- Markdown --- */

static void
markdown_page(struct buf *b, const struct command *c, const char *folder)
{
	auto_free char *title = page_name(c, ' ');
	AUTO(flag_values) f = { 0 };
	AUTO(buf) usage = BUF_INIT;

	help_usage(&usage, c);
	buf_addf(b, "---\ntitle: %s\n---\n\n%s.\n\n```\n%s\n```\n", title, c->about, usage.s);
	if (c->details)
		buf_addf(b, "\n%s\n", c->details);
	if (c->example)
		buf_addf(b, "\n## Examples\n\n```\n%s\n```\n", c->example);
	for (size_t i = 0; !c->run && commands[i]; i++)
		if (commands[i]->parent && strcmp(commands[i]->parent, c->name) == 0)
			buf_addf(b, "\n* [%s %s](%s%slimactl_%s_%s): %s", title, commands[i]->name, folder, *folder ? "/" : "", c->name,
				 commands[i]->name, commands[i]->about);
	generate_doc_collect(&f, c);
	if (f.n)
		buf_adds(b, "\n## Options\n\n| flag | |\n|---|---|\n");
	for (size_t i = 0; i < f.n; i++) {
		const struct flag *d = f.v[i].flag;

		if (d->how & FLAG_HIDDEN)
			continue;
		buf_adds(b, "| `");
		if (d->letter)
			buf_addf(b, "-%c, ", d->letter);
		buf_addf(b, "--%s%s%s` | ", d->name, *flag_type_name(d) ? " " : "", flag_type_name(d));
		flag_text(b, d);
		buf_adds(b, " |\n");
	}
}

/* --- files --- */

static int
generate_doc_save(const char *dir, const char *name, const char *end, const struct buf *b, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s%s", dir, name, end);

	return fs_write_beside(path, b->s, b->len, 0644, err);
}

static int
write_man(const char *dir, struct error *err)
{
	AUTO(buf) root = BUF_INIT;
	AUTO(buf) yaml = BUF_INIT;
	AUTO(buf) fleet = BUF_INIT;

	man_root(&root);
	man_lima_yaml(&yaml);
	man_fleet_yaml(&fleet);
	if (generate_doc_save(dir, "limactl", ".1", &root, err) < 0 ||
	    generate_doc_save(dir, "lima.yaml", ".5", &yaml, err) < 0 ||
	    generate_doc_save(dir, "fleet.yaml", ".5", &fleet, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(wrappers); i++) {
		AUTO(buf) b = BUF_INIT;

		roff_wrapper(&b, i);
		if (generate_doc_save(dir, wrappers[i].name, ".1", &b, err) < 0)
			return -1;
	}
	for (size_t i = 0; commands[i]; i++) {
		auto_free char *page = page_name(commands[i], '-');
		AUTO(buf) b = BUF_INIT;

		if (commands[i]->group == GROUP_HIDDEN)
			continue;
		man_page(&b, commands[i]);
		if (generate_doc_save(dir, page, ".1", &b, err) < 0)
			return -1;
	}
	return 0;
}

static int
write_markdown(struct cli *c, const char *dir, struct error *err)
{
	for (size_t i = 0; commands[i]; i++) {
		auto_free char *page = page_name(commands[i], '_');
		AUTO(buf) b = BUF_INIT;

		if (commands[i]->group == GROUP_HIDDEN)
			continue;
		markdown_page(&b, commands[i], cli_str(c, "output"));
		if (generate_doc_save(dir, page, ".md", &b, err) < 0)
			return -1;
	}
	return 0;
}

static int
generate_doc_run(struct cli *c, struct error *err)
{
	const char *type = cli_str(c, "type");

	if (fs_mkdirs(c->args[0], 0755, err) < 0)
		return -1;
	if (strcmp(type, "man") == 0)
		return write_man(c->args[0], err);
	if (strcmp(type, "docsy") == 0)
		return write_markdown(c, c->args[0], err);
	return error_set(err, ERR_INVALID, "unknown type %s: must be man or docsy", cli_tick(c, type));
}

const struct command command_generate_doc = {
	.name = "generate-doc",
	.group = GROUP_HIDDEN,
	.args = "DIR",
	.about = "Write the manual pages",
	.example = "limactl generate-doc build/share/man/man1",
	.complete = "@dir",
	.flags = flags,
	.min_args = 1,
	.max_args = 1,
	.light = true,
	.run = generate_doc_run,
};
