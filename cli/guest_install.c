/* limactl guest-install: the guest's part of Lima put into a running instance anew */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/quote.h"
#include "cli/ssh.h"

/* share/lima/lima-guestagent.OS-ARCH, or the same compressed; in the arena. */
static const char *
agent_file(struct cli *c, struct instance *i, bool *packed, struct error *err)
{
	const char *os = json_text(&i->arena, instance_config(i, "os"));
	char *plain = arena_printf(&c->arena, "%s/lima-guestagent.%s-%s", c->env.share, *os ? os : "Linux", i->arch);
	char *gz = arena_printf(&c->arena, "%s.gz", plain);

	*packed = fs_exists(gz);
	if (*packed)
		return gz;
	if (fs_exists(plain))
		return plain;
	error_set(err, ENOENT, "guest agent %s[.gz] not found", plain);
	return NULL;
}

/* Sends the file to a command of the guest. The command's exit status, or -1. */
static int
send_file(struct cli *c, struct instance *i, const char *file, const char *command, struct error *err)
{
	auto_close int fd = open(file, O_RDONLY | O_CLOEXEC);
	AUTO(argv) a = { 0 };

	if (fd < 0)
		return error_errno(err, "open %s", file);
	if (ssh_begin(c, i, &a, err) < 0)
		return -1;
	if (dup2(fd, STDIN_FILENO) < 0)
		return error_errno(err, "stdin");
	argv_add(&a, ssh_host(i, &a.arena));
	argv_add(&a, "--");
	argv_add(&a, command);
	return run_argv(c, &a, err);
}

static int
install_agent(struct cli *c, struct instance *i, struct error *err)
{
	const char *prefix = json_text(&i->arena, instance_config(i, "guestInstallPrefix")), *file;
	AUTO(buf) b = BUF_INIT;
	bool packed;
	int status;

	file = agent_file(c, i, &packed, err);
	if (!file)
		return -1;
	cli_say(&c->env, SAY_INFO, "Installing %s in the instance `%s`", file, i->name);
	buf_addf(&b, "set -e; t=$(mktemp); %s >\"$t\"; sudo install -m 755 \"$t\" ", packed ? "gunzip -c" : "cat");
	quote_shell(&b, *prefix ? prefix : "/usr/local");
	buf_adds(&b, "/bin/lima-guestagent; rm -f \"$t\"");
	status = send_file(c, i, file, b.s, err);
	return status > 0 ? error_set(err, ERR_CHILD, "the guest could not install its agent (exit status %d)", status) : status;
}

static int
run(struct cli *c, struct error *err)
{
	const char *name = c->nargs ? c->args[0] : "default";
	AUTO(instance) i = { 0 };
	struct look l;
	int r;

	look_begin(&l, c);
	r = guest_look(&l, name, &i, err);
	look_release(&l);
	if (r < 0 || guest_not_stopped(&i, err) < 0)
		return -1;
	return install_agent(c, &i, err);
}

const struct command command_guest_install = {
	.name = "guest-install",
	.group = GROUP_HIDDEN,
	.args = "[INSTANCE]",
	.about = "Install the guest agent in a running instance anew",
	.example = "limactl guest-install default",
	.complete = "@instance",
	.max_args = 1,
	.quick = true,
	.run = run,
};
