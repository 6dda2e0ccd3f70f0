/*
 * limactl: from words to a command. What every start of the program pays for is here and in
 * env.c: no file is read and no library loaded before a command asks for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/distance.h"
#include "base/nearest.h"
#include "base/error.h"
#include "base/quote/quote.h"
#include "cli/cli.h"
#include "cli/args/files.h"
#include "cli/args/fleet_args.h"
#include "cli/args/flags.h"
#include "cli/away/away.h"
#include "cli/plugins.h"
#include "cli/run.h"
#include "cli/commands/start.h"
#include "state/desired/spec/host.h"
#include "version.h"

/* The wording is cobra's: it lists every visible name within two edits, or that begins with the word, or that is suggested for it. */
static int
unknown_command(const char *name, struct error *err)
{
	AUTO(buf) b = BUF_INIT;
	size_t len = strlen(name);

	quote_go(&b, name);
	error_set(err, ERR_INVALID, "unknown command %s for \"limactl\"", b.s);
	buf_truncate(&b, 0);
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];

		if (c->parent || c->group == GROUP_HIDDEN)
			continue;
		if (word_distance(name, len, c->name, strlen(c->name)) <= (strlen(c->name) > 3 ? 2 : 1) ||
		    strncasecmp(c->name, name, len) == 0 || command_has_word(c->suggest_for, name))
			buf_addf(&b, "\t%s\n", c->name);
	}
	return b.len ? error_hint(err, "\n\nDid you mean this?\n%s", b.s) : -1;
}

/* The wording is cobra's. */
static int
count_args(const struct cli *c, struct error *err)
{
	const struct command *k = c->command;
	AUTO(buf) what = BUF_INIT;
	AUTO(buf) use = BUF_INIT;

	if (c->nargs >= k->min_args && (k->max_args < 0 || c->nargs <= k->max_args))
		return 0;
	help_usage(&use, k);
	if (k->max_args == 0) {
		AUTO(buf) q = BUF_INIT;

		quote_go(&q, c->args[0]);
		buf_addf(&what, "unknown command %s for \"limactl %s%s%s\"", q.s, k->parent ? k->parent : "",
			 k->parent ? " " : "", k->name);
	} else if (k->min_args == k->max_args) {
		buf_addf(&what, "accepts %d arg(s), received %d", k->min_args, c->nargs);
	} else if (k->max_args < 0) {
		buf_addf(&what, "requires at least %d arg(s), only received %d", k->min_args, c->nargs);
	} else if (k->min_args == 0) {
		buf_addf(&what, "accepts at most %d arg(s), received %d", k->max_args, c->nargs);
	} else {
		buf_addf(&what, "accepts between %d and %d arg(s), received %d", k->min_args, k->max_args, c->nargs);
	}
	error_set(err, ERR_INVALID, "`limactl %s%s%s` %s.", k->parent ? k->parent : "", k->parent ? " " : "", k->name, what.s);
	return error_hint(err, "\nSee `limactl %s%s%s --help`.\n\nUsage:  %s\n\n%s", k->parent ? k->parent : "", k->parent ? " " : "",
			  k->name, use.s, k->about);
}

static int
terminal_options(struct cli *c, struct error *err)
{
	if (cli_given(c, "yes") && cli_given(c, "tty"))
		return error_set(err, ERR_INVALID, "cannot use both --tty and --yes flags at the same time");
	c->tty = cli_given(c, "tty") ? cli_bool(c, "tty") : isatty(STDOUT_FILENO);
	if (cli_bool(c, "yes"))
		c->tty = false;
	return 0;
}

/* Everything between the parse and the command itself, in upstream's order. */
static int
cli_main_run(struct cli *c, struct error *err)
{
	int counted = count_args(c, err);

	/* what is wrong with the arguments comes first, in the log's format all the same */
	if (cli_log_options(c, counted < 0 ? NULL : err) < 0 || counted < 0 || cli_env(c, err) < 0 ||
	    terminal_options(c, err) < 0 || flags_required(c->values, err) < 0)
		return -1;
	if (!c->command->quick && !c->command->light)
		cli_catch_signals(c);
	if (c->command->more_flags == ready_flags && run_timeout(c, err) < 0)
		return -1;
	c->env.offline = cli_bool(c, "offline");
	if (!c->command->light) {
		int status, away;

		if (files_to_names(c, err) < 0 || fleets_to_names(c, err) < 0 || (away = away_command(c, &status, err)) < 0)
			return -1;
		if (away)
			return status;
	}
	return c->command->run(c, err);
}

/* A word that is no command of ours: a plugin's, with all that stands behind it; global flags stand before it. */
static int
cli_main_run_plugin(struct cli *c, char **words, int at, struct error *err)
{
	char *const *args = words + at + 1;
	const char *path = plugins_find(c, words[at]);

	if (!path)
		return unknown_command(words[at], err);
	if (flags_parse(c->values, words, at, false, &c->nargs, &c->dash_at, err) < 0 || cli_log_options(c, err) < 0)
		return -1;
	return plugins_exec(c, path, args, err);
}

/* `__complete start --fo`: the words are an argument, whatever they look like. */
static int
run_raw(struct cli *c, char **words, int n, struct error *err)
{
	c->args = words;
	c->nargs = n;
	c->dash_at = -1;
	return cli_main_run(c, err);
}

static int
without_command(struct cli *c)
{
	if (cli_bool(c, "version") && !cli_bool(c, "help"))
		printf("limactl version %s\n", LIMA_VERSION);
	else
		help_root(c, stdout);
	return 0;
}

/* Called as yq, yq.lima, ...: links of that name make us that program. */
static bool
called_as_yq(const char *argv0)
{
	const char *base = strrchr(argv0, '/');

	base = base ? base + 1 : argv0;
	return strncmp(base, "yq", 2) == 0 && (base[2] == '.' || !base[2]);
}

/* `disk creat`: as upstream has it the help of `disk`, which is no failure; but that word was meant to do something. */
static void
hint_subcommand(const struct cli *c)
{
	const char *word = c->nargs ? c->args[0] : NULL;
	struct nearest near;
	AUTO(arena) a = { 0 };
	const char *meant;

	if (c->command->run || !word)
		return;
	near = nearest_begin(word, strlen(word));
	for (size_t i = 0; commands[i]; i++)
		if (commands[i]->parent && strcmp(commands[i]->parent, c->command->name) == 0)
			nearest_offer(&near, commands[i]->name, strlen(commands[i]->name));
	meant = nearest_found(&near, &a);
	cli_say(&c->env, SAY_WARN, meant ? "unknown command \"%s\" for \"limactl %s\" (did you mean %s?)"
					     : "unknown command \"%s\" for \"limactl %s\"", word, c->command->name, meant);
}

/* Finds the command, parses its flags, answers --help and --version. */
static int
cli_main_dispatch(struct cli *c, char **words, int n, struct error *err)
{
	int at = 0, all = n;

	c->command = called_as_yq(c->argv0) ? command_find(NULL, "yq") : command_in(words, &n, &at);
	command_flags(c->values, c->command);
	if (!c->command && at < all)
		return cli_main_run_plugin(c, words, at, err);
	if (c->command && c->command->raw)
		return run_raw(c, words, n, err);
	if (flags_parse(c->values, words, n, c->command && c->command->stop_at_first_arg,
			&c->nargs, &c->dash_at, err) < 0)
		return -1;
	c->args = words;
	if (!c->command)
		return without_command(c);
	if (cli_bool(c, "help") || !c->command->run) {
		hint_subcommand(c);
		help_command(c, c->command);
		return 0;
	}
	return cli_main_run(c, err);
}

/* `--host ssh://...` in front of everything else: the rest is for the limactl there. NULL: it is not there. */
static const char *
main_host(char **words, int n, int *behind)
{
	const char *value = NULL;

	if (n > 1 && !strcmp(words[0], "--host")) {
		value = words[1];
		*behind = 2;
	} else if (n && !strncmp(words[0], "--host=", 7)) {
		value = words[0] + 7;
		*behind = 1;
	}
	return value;
}

static int
main_on_host(struct cli *c, const char *host, char **words, int n, struct error *err)
{
	/* it needs a home, as that does */
	c->command = command_find(NULL, "list");
	command_flags(c->values, c->command);
	return cli_env(c, err) < 0 ? -1 : away_host(c, host, words, n, err);
}

static char **
copy_words(struct arena *a, char **words, int n)
{
	char **v = arena_alloc(a, ((size_t)n + 1) * sizeof *v);

	if (n)
		memcpy(v, words, (size_t)n * sizeof *v);
	return v;
}

static char *
join_words(struct arena *a, char **argv, int argc)
{
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, "limactl");
	for (int i = 1; i < argc; i++) {
		buf_addc(&b, ' ');
		quote_shell(&b, argv[i]);
	}
	return arena_strdup(a, b.s);
}

/*
 * Whoever starts us may have closed some of the first three. Then a file of ours would be one of them, and a message
 * would go into it. What cannot be written to keeps the place.
 */
static void
keep_first_three(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			abort();
}

/* An answer that nobody got is none. Whoever closed the pipe knows. */
static int
flush_answer(struct cli *c, int status)
{
	bool failed = ferror(stdout) != 0;
	struct error err = { 0 };

	errno = failed ? EIO : 0;
	if (fflush(stdout) == 0 && !failed)
		return status;
	if (errno != EPIPE) {
		error_errno(&err, "write to standard output");
		cli_fatal(c, &err);
	}
	return status ? status : 1;
}

static void
conceal_secrets(const void *secrets, const char *text, struct buf *out)
{
	secrets_hide(secrets, text, NULL, out);
}

int
main(int argc, char **argv)
{
	AUTO(flag_values) values = { 0 };
	struct cli c = {
		.values = &values, .began_ms = clock_ms(), .argv0 = argc ? argv[0] : "limactl", .log_level = SAY_INFO,
		.env = { .say = cli_say, .version = LIMA_VERSION }, .stderr_tty = isatty(STDERR_FILENO),
	};
	struct error err = { 0 };
	const char *host;
	int status, behind = 0;

	keep_first_three();
	c.env.ctx = &c;
	c.env.conceal = conceal_secrets;
	c.env.secrets = &c.secrets;
	c.color = c.stderr_tty && !getenv("NO_COLOR");
	c.argv_text = join_words(&c.arena, argv, argc);
	c.nraw = argc ? argc - 1 : 0;
	c.raw = copy_words(&c.arena, argv + 1, c.nraw);
	host = main_host(c.raw, c.nraw, &behind);
	status = host ? main_on_host(&c, host, c.raw + behind, c.nraw - behind, &err) : cli_main_dispatch(&c, argv + 1, c.nraw, &err);
	if (status < 0) {
		if (!c.log_known)
			cli_log_guess(&c, argv);
		cli_explain_full(&c, &err);
		cli_fatal(&c, &err);
		status = cli_failed_status(&c, &err);
	}
	status = flush_answer(&c, status);
	secrets_release(&c.secrets);
	host_free(c.host);
	arena_release(&c.arena);
	return status;
}
