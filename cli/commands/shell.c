/* limactl shell: a shell, or one command, in the guest */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/args/ask.h"
#include "cli/commands/exec.h"
#include "cli/ssh/guest_command.h"
#include "cli/ssh/many.h"
#include "cli/ssh/over_agent.h"
#include "cli/ssh/shell_sync.h"
#include "cli/commands/start_for.h"

static const struct flag flags[] = {
	{ "instance", 0, FLAG_STRING, .about = "Name of the instance; then all arguments are the command", .how = FLAG_HIDDEN,
	  .complete = "@instance" },
	{ "", .include = guest_command_flags },
	{ "over", 0, FLAG_STRING, .about = "Way of a command into the guest: auto, agent (of the guest; no login) or ssh", .def = "auto",
	  .complete = "auto agent ssh" },
	{ "sync", 0, FLAG_STRING, .about = "Folder of the host to work on a copy of; what the command changed comes back (needs rsync)",
	  .complete = "@dir" },
	{ 0 },
};

/* The words of the command; the instance's name is taken off them. */
static int
split_args(struct cli *c, const char **name, char ***words, size_t *n, struct error *err)
{
	char **w = c->args;
	int left = c->nargs;

	*name = cli_str(c, "instance");
	if (!**name) {
		if (left == 0)
			return error_set(err, ERR_INVALID, "requires instance name as first argument");
		*name = *w++;
		left--;
		if (left && strcmp(*w, "--") == 0) {
			w++;
			left--;
		}
	}
	*words = w;
	*n = (size_t)left;
	return 0;
}

/* `lima start` is what people type who mean `limactl start` */
static void
warn_of_typo(const struct cli *c, char *const *words, size_t n)
{
	static const char *const verbs[] = { "create", "start", "delete", "shell" };

	for (size_t v = 0; n && v < ARRAY_LEN(verbs); v++) {
		AUTO(buf) b = BUF_INIT;

		if (strcmp(words[0], verbs[v]) != 0)
			continue;
		for (size_t i = 0; i < n; i++)
			buf_addf(&b, " %s", words[i]);
		cli_say(&c->env, SAY_WARN, "Perhaps you meant `limactl%s`?", b.s);
	}
}

/* What a command that fails leaves in the guest stays there, and the host as it was. */
static int
go_along(const struct shell_sync *sync, const struct argv *a, struct error *err)
{
	int status;

	if (shell_sync_in(sync, err) < 0)
		return -1;
	status = run_argv(sync->cli, a, err);
	return status == 0 ? shell_sync_back(sync, err) : status;
}

/* Who says nothing has the guest agent where it is as good as a login and quicker. 1: it has run; 0: it is left to ssh. */
static int
shell_over_agent(struct cli *c, struct instance *i, const char *script, size_t nwords, int *status, struct error *err)
{
	const char *over = cli_str(c, "over");
	bool chosen = !strcmp(over, "agent");
	const char *why = !nwords ? "a shell is what ssh is for" : cli_bool(c, "reconnect") ? "--reconnect is ssh's" :
			  over_agent_why_not(i, script, chosen);
	struct error no;
	int ran;

	if (!strcmp(over, "ssh"))
		return 0;
	if (!why) {
		cli_say(&c->env, SAY_DEBUG, "executing by the guest agent: %s", script);
		ran = over_agent(c, i, script, status, &no);
		if (ran > 0)
			return 1;
		if (ran < 0)
			return error_set(err, no.code, "%s: %s", i->name, no.msg);
		why = no.msg;
	}
	if (chosen)
		return error_set(err, ENOTSUP, "%s: the guest agent does not run it: %s; use `--over ssh`", i->name, why);
	cli_say(&c->env, SAY_DEBUG, "by ssh, and not by the guest agent: %s", why);
	return 0;
}

static int
shell_go(struct cli *c, struct instance *i, char *const *words, size_t n, struct error *err)
{
	const char *dir = cli_str(c, "sync");
	struct shell_sync sync = { 0 };
	AUTO(buf) script = BUF_INIT;
	AUTO(argv) a = { 0 };
	int status, ran;

	if (*dir && shell_sync_begin(&sync, c, i, dir, err) < 0)
		return -1;
	if (cli_bool(c, "reconnect") && guest_command_drop_master(c, i, err) < 0)
		return -1;
	if (guest_command_script(c, i, *dir ? sync.guest_dir : NULL, words, n, &script, err) < 0)
		return -1;
	ran = *dir ? 0 : shell_over_agent(c, i, script.s, n, &status, err);
	if (ran)
		return ran < 0 ? -1 : status;
	if (guest_command_ssh(c, i, script.s, isatty(STDOUT_FILENO), &a, err) < 0)
		return -1;
	return *dir ? go_along(&sync, &a, err) : exec_argv(&a, err);
}

static int
shell_check_over(const struct cli *c, struct error *err)
{
	const char *over = cli_str(c, "over");

	if (!strcmp(over, "auto") || !strcmp(over, "agent") || !strcmp(over, "ssh"))
		return 0;
	return error_set(err, ERR_INVALID, "--over: must be auto, agent or ssh, got `%.60s`", over);
}

static int
shell_many(struct cli *c, const char *word, char *const *words, size_t nwords, struct error *err)
{
	const char *const *names;
	size_t n;

	if (!nwords)
		return error_set(err, ERR_INVALID, "%s means several instances, and a shell is in one; give the command that is to run in each", cli_tick(c, word));
	if (*cli_str(c, "sync"))
		return error_set(err, ERR_INVALID, "--sync is for one instance; %s means several", cli_tick(c, word));
	if (many_names(c, &word, 1, &names, &n, err) < 0)
		return -1;
	return exec_in_all(c, names, n, words, nwords, &(struct many_opts){ 0 }, err);
}

static int
shell_run(struct cli *c, struct error *err)
{
	AUTO(instance) i = { 0 };
	const char *name = NULL;
	char **words = NULL;
	size_t n = 0;

	if (split_args(c, &name, &words, &n, err) < 0 || shell_check_over(c, err) < 0)
		return -1;
	warn_of_typo(c, words, n);
	if (many_is_meant(name))
		return shell_many(c, name, words, n, err);
	if (guest_command_look(c, name, &i, err) < 0)
		return -1;
	if (guest_is_down(&i)) {
		int start = ask_start(c, err);

		if (start <= 0)
			return start < 0 ? -1 : guest_not_stopped(&i, err);
		if (start_for(c, name, err) < 0)
			return -1;
		instance_release(&i);
		if (guest_command_look(c, name, &i, err) < 0)
			return -1;
	}
	return shell_go(c, &i, words, n, err);
}

const struct command command_shell = {
	.name = "shell",
	.suggest_for = "ssh",
	.group = GROUP_BASIC,
	.args = "INSTANCE [COMMAND...]",
	.about = "Execute a shell, or a command, in an instance",
	.details = "`lima` is the same for the instance $LIMA_INSTANCE, or `default`.\n"
		   "\n"
		   "The command runs in a login shell, in the folder that you are in if the guest has it mounted. Its\n"
		   "input, output and exit status are those of limactl. $SSH names another ssh program, with arguments.\n"
		   "\n"
		   "A command without a terminal goes by the guest agent where ssh would have to log in first: as the same user, with the same\n"
		   "environment, limits and exit status. Where a login gives more, ssh is taken; --debug says which, --over chooses.\n"
		   "\n"
		   "Several instances, apart by commas or by a glob, run the command side by side: each line has the name of its\n"
		   "instance in front, nobody has our input, and the exit status is the highest of theirs. `limactl exec` has more to say to them.\n"
		   "\n"
		   "With --sync the guest gets a copy of a folder, and the command runs in it. If it succeeds, what it\n"
		   "changed comes back: with a terminal after a look and a yes, else at once. The instance must mount nothing.\n"
		   "\n"
		   "With --preserve-env, $LIMA_SHELLENV_BLOCK lists variables not to hand on (with a leading + besides the\n"
		   "usual ones) and $LIMA_SHELLENV_ALLOW exceptions from that; * stands for any characters.",
	.example = "limactl shell default\n"
		   "limactl shell default uname -a\n"
		   "limactl shell --workdir=/ default ls | head -n 3\n"
		   "limactl shell 'web-*' systemctl is-active nginx\n"
		   "limactl shell --sync . default make",
	.complete = "@instance",
	.flags = flags,
	.max_args = -1,
	.stop_at_first_arg = true,
	.quick = true,
	.run = shell_run,
};
