/* limactl guest-install: the guest's part of Lima put into a running instance anew */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/quote/quote.h"
#include "cli/ssh/ssh.h"
#include "providers/fetch/cache.h"

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
	auto_close int fd = fs_open(file, NULL, err);
	AUTO(argv) a = { 0 };

	if (fd < 0)
		return -1;
	if (ssh_begin(c, i, &a, err) < 0)
		return -1;
	if (dup2(fd, STDIN_FILENO) < 0)
		return error_errno(err, "stdin");
	argv_add(&a, ssh_host(i));
	argv_add(&a, "--");
	argv_add(&a, command);
	return run_argv(c, &a, err);
}

/* $PREFIX of the guest, as a word of its shell */
static void
add_prefix(struct instance *i, struct buf *out)
{
	const char *prefix = json_text(&i->arena, instance_config(i, "guestInstallPrefix"));

	quote_shell(out, *prefix ? prefix : "/usr/local");
}

static int
install_agent(struct cli *c, struct instance *i, struct error *err)
{
	const char *file;
	AUTO(buf) b = BUF_INIT;
	bool packed;
	int status;

	file = agent_file(c, i, &packed, err);
	if (!file)
		return -1;
	cli_say(&c->env, SAY_INFO, "Installing %s in the instance `%s`", file, i->name);
	buf_addf(&b, "set -e; t=$(mktemp); %s >\"$t\"; sudo install -m 755 \"$t\" ", packed ? "gunzip -c" : "cat");
	add_prefix(i, &b);
	buf_adds(&b, "/bin/lima-guestagent; rm -f \"$t\"");
	status = send_file(c, i, file, b.s, err);
	return status > 0 ? error_set(err, ERR_CHILD, "the guest could not install its agent (exit status %d)", status) : status;
}

/* The archive with containerd that the instance would be made with; absent: it has none. */
static struct json_span
archive_of(struct instance *i)
{
	struct json_span all = instance_config(i, "containerd.archives"), one;
	size_t at = 0;

	if (!json_true(instance_config(i, "containerd.system")) && !json_true(instance_config(i, "containerd.user")))
		return (struct json_span){ 0 };
	while ((one = json_each(all, &at, NULL)).p)
		if (strcmp(json_text(&i->arena, json_at(one, "arch")), i->arch) == 0)
			break;
	return one;
}

static int
install_containerd(struct cli *c, struct instance *i, struct error *err)
{
	struct json_span archive = archive_of(i);
	const char *location = json_text(&i->arena, json_at(archive, "location")), *digest = json_text(&i->arena, json_at(archive, "digest"));
	struct fetch checked = { .location = location, .digest = digest, .cache = c->env.cache, .offline = true };
	auto_free char *file = NULL;
	AUTO(buf) b = BUF_INIT;
	int status;

	if (!archive.p)
		return 0;
	if (cache_lookup(c->env.cache, location, digest, &file) == CACHE_ABSENT)
		return error_set(err, ENOENT, "%s is not in the cache; `limactl apply %s` fetches it", location, i->name);
	free(file);
	file = NULL;
	/* The digest is checked again, because others may have changed the cache. */
	if (cli_lazy(c, err) < 0 || cache_fetch(&checked, &file, err) < 0)
		return -1;
	cli_say(&c->env, SAY_INFO, "Installing %s in the instance `%s`", location, i->name);
	buf_adds(&b, "sudo tar -xz -f - -C ");
	add_prefix(i, &b);
	status = send_file(c, i, file, b.s, err);
	return status > 0 ? error_set(err, ERR_CHILD, "the guest could not install containerd (exit status %d)", status) : status;
}

static int
guest_install_run(struct cli *c, struct error *err)
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
	return install_agent(c, &i, err) < 0 ? -1 : install_containerd(c, &i, err);
}

const struct command command_guest_install = {
	.name = "guest-install",
	.group = GROUP_HIDDEN,
	.args = "[INSTANCE]",
	.about = "Install the guest agent, and containerd, in a running instance anew",
	.example = "limactl guest-install default",
	.complete = "@instance",
	.max_args = 1,
	.quick = true,
	.run = guest_install_run,
};
