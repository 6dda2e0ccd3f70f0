/* limactl shell: a shell, or one command, in the guest */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/quote/quote.h"
#include "cli/args/ask.h"
#include "cli/ssh/many.h"
#include "cli/ssh/shell_dir.h"
#include "cli/ssh/shell_env.h"
#include "cli/ssh/shell_script.h"
#include "cli/ssh/shell_sync.h"
#include "cli/ssh/ssh.h"
#include "cli/commands/start_for.h"
#include "providers/ssh/ssh_config.h"

static const struct flag flags[] = {
	{ "instance", 0, FLAG_STRING, .about = "Name of the instance; then all arguments are the command", .how = FLAG_HIDDEN,
	  .complete = "@instance" },
	{ "shell", 0, FLAG_STRING, .about = "Shell interpreter in the guest, e.g. /bin/bash",
	  .complete = "/bin/bash /bin/zsh cmd.exe powershell.exe pwsh.exe" },
	{ "workdir", 0, FLAG_STRING, .about = "Folder of the guest to be in; failing if it cannot be entered" },
	{ "reconnect", 0, FLAG_BOOL, .about = "Close the shared SSH connection first, so that new settings (groups) are seen" },
	{ "preserve-env", 0, FLAG_BOOL, .about = "Hand on environment variables of the host" },
	{ "start", 0, FLAG_BOOL, .about = "Start the instance if it is stopped" },
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

/* --reconnect: ask the master to go; a socket without one is only in the way. */
static int
drop_master(const struct cli *c, const struct instance *i, struct error *err)
{
	auto_free char *sock = xasprintf("%s/ssh.sock", i->dir);
	AUTO(argv) a = { 0 };
	struct error why;

	if (!fs_exists(sock))
		return 0;
	cli_say(&c->env, SAY_INFO, "Exiting ssh session for the instance `%s`", i->name);
	if (ssh_begin(c, i, &a, err) < 0)
		return -1;
	argv_add(&a, "-O");
	argv_add(&a, "exit");
	argv_add(&a, ssh_host(i));
	if (proc_run_argv(&a, &(struct proc_opts){ .timeout_ms = 10000 }, &why) == 0)
		return 0;
	cli_say(&c->env, SAY_WARN, "Removed the ssh control socket of instance `%s`: %s", i->name, why.msg);
	return fs_unlink(sock, err);
}

/* NULL-terminated "K=V", in `a` */
static int
shell_preserved(struct arena *a, const char *const **out, struct error *err)
{
	extern char **environ;
	struct shell_env lists;
	const char **v;
	size_t n = 0;

	if (shell_env_lists(a, getenv("LIMA_SHELLENV_BLOCK"), getenv("LIMA_SHELLENV_ALLOW"), &lists, err) < 0)
		return -1;
	for (char **e = environ; *e; e++)
		n++;
	v = arena_alloc(a, (n + 1) * sizeof *v);
	n = 0;
	for (char **e = environ; *e; e++)
		if (strchr(*e, '=') && shell_env_passes(&lists, *e, strcspn(*e, "=")))
			v[n++] = *e;
	v[n] = NULL;
	*out = v;
	return 0;
}

/* The shell as it stands in the script: quoted, but for "$SHELL". */
static const char *
shell_interpreter(struct cli *c, struct instance *i, bool windows)
{
	const char *given = cli_str(c, "shell"), *own = json_text(&i->arena, instance_config(i, "user.shell"));
	AUTO(buf) b = BUF_INIT;

	if (!*given)
		given = *own ? own : windows ? "cmd.exe" : "";
	if (windows)
		return given;
	if (!*given)
		return "\"$SHELL\"";
	quote_shell(&b, given);
	return arena_strdup(&i->arena, b.s);
}

static int
make_script(struct cli *c, struct instance *i, const struct shell_sync *sync, char *const *words, size_t n, struct buf *out,
	    struct error *err)
{
	AUTO(buf) cd = BUF_INIT;
	bool windows = strcmp(json_text(&i->arena, instance_config(i, "os")), "Windows") == 0;
	struct shell_script s = { .words = words, .nwords = n, .shell = shell_interpreter(c, i, windows) };

	if (cli_bool(c, "preserve-env") && shell_preserved(&i->arena, &s.env, err) < 0)
		return -1;
	if (windows) {
		shell_script_windows(out, &s);
		return 0;
	}
	shell_change_dir(c, i, sync ? sync->guest_dir : cli_str(c, "workdir"), &cd);
	s.change_dir = cd.s;
	shell_script(out, &s);
	return 0;
}

/*
 * OpenSSH before 8.9 says "Shared connection ... closed." at the end of a session with a
 * terminal unless it is told to be quiet. Asking it its version takes longer than the rest of us: only for people.
 */
static const char *
ssh_log_level(bool terminal)
{
	struct ssh_features f;

	if (terminal && ssh_features(&f, NULL) == 0 && (f.version[0] < 8 || (f.version[0] == 8 && f.version[1] < 9)))
		return "QUIET";
	return "ERROR";
}

static int
shell_ssh_words(struct cli *c, struct instance *i, const char *script, bool terminal, struct argv *a, struct error *err)
{
	if (ssh_begin(c, i, a, err) < 0)
		return -1;
	if (terminal)
		argv_add(a, "-t");
	if (getenv("COLORTERM")) {
		argv_add(a, "-o");
		argv_add(a, "SendEnv=COLORTERM");
	}
	argv_add(a, "-o");
	argv_addf(a, "LogLevel=%s", ssh_log_level(terminal));
	argv_add(a, ssh_host(i));
	argv_add(a, "--");
	argv_add(a, script);
	cli_say(&c->env, SAY_DEBUG, "executing ssh (may take a long): %s", script);
	return 0;
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

static int
shell_go(struct cli *c, struct instance *i, char *const *words, size_t n, struct error *err)
{
	const char *dir = cli_str(c, "sync");
	struct shell_sync sync = { 0 };
	AUTO(buf) script = BUF_INIT;
	AUTO(argv) a = { 0 };

	if (*dir && shell_sync_begin(&sync, c, i, dir, err) < 0)
		return -1;
	if (cli_bool(c, "reconnect") && drop_master(c, i, err) < 0)
		return -1;
	if (make_script(c, i, *dir ? &sync : NULL, words, n, &script, err) < 0 || shell_ssh_words(c, i, script.s, isatty(STDOUT_FILENO), &a, err) < 0)
		return -1;
	return *dir ? go_along(&sync, &a, err) : exec_argv(&a, err);
}

static int
shell_look(struct cli *c, const char *name, struct instance *out, struct error *err)
{
	struct look l;
	int r;

	look_begin(&l, c);
	r = guest_look(&l, name, out, err);
	look_release(&l);
	return r;
}

/* --- several of them */

static int
shell_many_one(struct cli *c, struct instance *i, char *const *words, size_t n, struct argv *a, struct error *err)
{
	AUTO(buf) script = BUF_INIT;

	if (guest_not_stopped(i, err) < 0 || (cli_bool(c, "reconnect") && drop_master(c, i, err) < 0) ||
	    make_script(c, i, NULL, words, n, &script, err) < 0)
		return -1;
	return shell_ssh_words(c, i, script.s, false, a, err);
}

static int
shell_many_add(struct cli *c, const char *name, char *const *words, size_t n, struct many_guest *out, struct error *err)
{
	AUTO(instance) i = { 0 };

	out->name = name;
	if (shell_look(c, name, &i, err) < 0)
		return -1;
	if (instance_is(&i, "Stopped") && cli_bool(c, "start")) {
		instance_release(&i);
		if (start_for(c, name, err) < 0 || shell_look(c, name, &i, err) < 0)
			return -1;
	}
	return shell_many_one(c, &i, words, n, &out->argv, err);
}

/* Nothing is run anywhere before all of them are known to be there. */
static int
shell_many(struct cli *c, const char *word, char *const *words, size_t nwords, struct error *err)
{
	const char *const *names;
	struct many_guest *v;
	int status = 0;
	size_t n;

	if (!nwords)
		return error_set(err, ERR_INVALID, "%s means several instances, and a shell is in one; give the command that is to run in each", cli_tick(c, word));
	if (*cli_str(c, "sync"))
		return error_set(err, ERR_INVALID, "--sync is for one instance; %s means several", cli_tick(c, word));
	if (many_names(c, word, &names, &n, err) < 0)
		return -1;
	v = xcalloc(n, sizeof *v);
	for (size_t i = 0; i < n && status == 0; i++)
		status = shell_many_add(c, names[i], words, nwords, &v[i], err);
	if (status == 0)
		status = many_run(c, v, n, err);
	for (size_t i = 0; i < n; i++)
		argv_release(&v[i].argv);
	free(v);
	return status;
}

static int
shell_run(struct cli *c, struct error *err)
{
	AUTO(instance) i = { 0 };
	const char *name = NULL;
	char **words = NULL;
	size_t n = 0;

	if (split_args(c, &name, &words, &n, err) < 0)
		return -1;
	warn_of_typo(c, words, n);
	if (many_is_meant(name))
		return shell_many(c, name, words, n, err);
	if (shell_look(c, name, &i, err) < 0)
		return -1;
	if (instance_is(&i, "Stopped")) {
		int start = ask_start(c, err);

		if (start <= 0)
			return start < 0 ? -1 : guest_not_stopped(&i, err);
		if (start_for(c, name, err) < 0)
			return -1;
		instance_release(&i);
		if (shell_look(c, name, &i, err) < 0)
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
		   "Several instances, apart by commas or by a glob, run the command side by side: each line has the name of its\n"
		   "instance in front, nobody has our input, and the exit status is the highest of theirs.\n"
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
