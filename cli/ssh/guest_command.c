#include "cli/ssh/guest_command.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/quote/quote.h"
#include "cli/ssh/shell_dir.h"
#include "cli/ssh/shell_env.h"
#include "cli/ssh/shell_script.h"
#include "providers/ssh/ssh_config.h"

const struct flag guest_command_flags[] = {
	{ "shell", 0, FLAG_STRING, .about = "Shell interpreter in the guest, e.g. /bin/bash",
	  .complete = "/bin/bash /bin/zsh cmd.exe powershell.exe pwsh.exe" },
	{ "workdir", 0, FLAG_STRING, .about = "Folder of the guest to be in; failing if it cannot be entered" },
	{ "reconnect", 0, FLAG_BOOL, .about = "Close the shared SSH connection first, so that new settings (groups) are seen" },
	{ "preserve-env", 0, FLAG_BOOL, .about = "Hand on environment variables of the host" },
	{ "start", 0, FLAG_BOOL, .about = "Start the instance if it is stopped" },
	{ 0 },
};

int
guest_command_drop_master(const struct cli *c, const struct instance *i, struct error *err)
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
guest_command_env(struct arena *a, const char *const **out, struct error *err)
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
guest_command_shell(struct cli *c, struct instance *i, bool windows)
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

int
guest_command_script(struct cli *c, struct instance *i, const char *dir, char *const *words, size_t n, struct buf *out,
	    struct error *err)
{
	AUTO(buf) cd = BUF_INIT;
	bool windows = strcmp(json_text(&i->arena, instance_config(i, "os")), "Windows") == 0;
	struct shell_script s = { .words = words, .nwords = n, .shell = guest_command_shell(c, i, windows) };

	if (cli_bool(c, "preserve-env") && guest_command_env(&i->arena, &s.env, err) < 0)
		return -1;
	if (windows) {
		shell_script_windows(out, &s);
		return 0;
	}
	shell_change_dir(c, i, dir ? dir : cli_str(c, "workdir"), &cd);
	s.change_dir = cd.s;
	shell_script(out, &s);
	return 0;
}

/*
 * OpenSSH before 8.9 says "Shared connection ... closed." at the end of a session with a
 * terminal unless it is told to be quiet. Asking it its version takes longer than the rest of us: only for people.
 */
static const char *
guest_command_log_level(bool terminal)
{
	struct ssh_features f;

	if (terminal && ssh_features(&f, NULL) == 0 && (f.version[0] < 8 || (f.version[0] == 8 && f.version[1] < 9)))
		return "QUIET";
	return "ERROR";
}

int
guest_command_ssh(struct cli *c, struct instance *i, const char *script, bool terminal, struct argv *a, struct error *err)
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
	argv_addf(a, "LogLevel=%s", guest_command_log_level(terminal));
	argv_add(a, ssh_host(i));
	argv_add(a, "--");
	argv_add(a, script);
	cli_say(&c->env, SAY_DEBUG, "executing ssh (may take a long): %s", script);
	return 0;
}

int
guest_command_look(struct cli *c, const char *name, struct instance *out, struct error *err)
{
	struct look l;
	int r;

	look_begin(&l, c);
	r = guest_look(&l, name, out, err);
	look_release(&l);
	return r;
}
