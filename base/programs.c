#include "base/programs.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"

static const struct {
	const char *program, *package;
} known[] = {
	{ "ssh", "openssh-client" },
	{ "scp", "openssh-client" },
	{ "ssh-keygen", "openssh-client" },
	{ "sftp-server", "openssh-sftp-server" },
	{ "rsync", "rsync" },
	{ "qemu-img", "qemu-utils" },
	{ "qemu-system-x86_64", "qemu-system-x86" },
	{ "qemu-system-aarch64", "qemu-system-arm" },
	{ "qemu-system-arm", "qemu-system-arm" },
	{ "qemu-system-riscv64", "qemu-system-misc" },
	{ "qemu-system-ppc64", "qemu-system-ppc" },
	{ "qemu-system-s390x", "qemu-system-misc" },
	{ "virtiofsd", "qemu-system-common of Debian 12, for root; virtiofsd of Debian 13" },
	{ "swtpm", "swtpm" },
	{ "ansible-playbook", "ansible-core" },
	{ "systemctl", "systemd" },
	{ "diff", "diffutils" },
	{ "dot", "graphviz" },
	{ "git", "git" },
	{ "editor", "nano" },
	{ "nano", "nano" },
	{ "vi", "vim-tiny" },
	{ "vim", "vim" },
	{ "emacs", "emacs-nox" },
	{ "sh", "dash" },
};

const char *
program_package(const char *program)
{
	const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].program, name) == 0)
			return known[i].package;
	return NULL;
}

int
program_missing_as(const char *program, const char *usual, struct error *err)
{
	const char *package = program_package(usual);

	if (!package)
		return error_set(err, ENOENT, "%s: no such program", program);
	return error_set(err, ENOENT, "%s: no such program (Debian package %s)", program, package);
}

int
program_missing(const char *program, struct error *err)
{
	return program_missing_as(program, program, err);
}
