/* limactl show-ssh: the ssh command line, for scripts that have not learned of ssh.config yet */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/quote/quote.h"
#include "cli/ssh/ssh.h"

static const struct flag flags[] = {
	{ "format", 'f', FLAG_STRING, "cmd", "Format: cmd, args, options, config", .complete = "cmd args options config" },
	{ 0 },
};

/* As words of a shell. */
static void
print_args(const char *const *options, const char *before, const char *after)
{
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, before);
	for (size_t i = 0; options[i]; i++) {
		buf_adds(&b, i || *before ? " -o " : "-o ");
		quote_shell(&b, options[i]);
	}
	buf_adds(&b, after);
	cli_print_line(b.s);
}

static void
print_config(const char *const *options, const char *host)
{
	printf("Host %s\n", host);
	for (size_t i = 0; options[i]; i++) {
		int key = (int)strcspn(options[i], "=");

		printf("  %.*s %s\n", key, options[i], options[i] + key + 1);
	}
}

static int
show_ssh_print(struct instance *i, const char *format, const char *const *options, struct error *err)
{
	if (strcmp(format, "cmd") == 0)
		print_args(options, "ssh", arena_printf(&i->arena, " %s", i->hostname));
	else if (strcmp(format, "args") == 0)
		print_args(options, "", "");
	else if (strcmp(format, "config") == 0)
		print_config(options, i->hostname);
	else if (strcmp(format, "options") == 0)
		for (size_t n = 0; options[n]; n++)
			cli_print_line(options[n]);
	else
		return error_set(err, ERR_INVALID, "unknown format: `%s`", format);
	return 0;
}

static int
show_ssh_run(struct cli *c, struct error *err)
{
	AUTO(instance) i = { 0 };
	const char *const *options;
	struct look l;
	int r;

	look_begin(&l, c);
	r = guest_look(&l, c->args[0], &i, err);
	look_release(&l);
	if (r < 0)
		return -1;
	cli_say(&c->env, SAY_WARN, "`limactl show-ssh` is deprecated. Instead, use `ssh -F %s/ssh.config %s`.", i.dir, i.hostname);
	if (ssh_options(c, &i, &i.arena, true, &options, err) < 0)
		return -1;
	return show_ssh_print(&i, cli_str(c, "format"), options, err);
}

const struct command command_show_ssh = {
	.name = "show-ssh",
	.group = GROUP_ADVANCED,
	.args = "INSTANCE",
	.about = "Show the ssh command line (deprecated: use `ssh -F`)",
	.example = "limactl show-ssh default\nlimactl show-ssh --format=config default",
	.complete = "@instance",
	.flags = flags,
	.min_args = 1,
	.max_args = 1,
	.quick = true,
	.run = show_ssh_run,
};
