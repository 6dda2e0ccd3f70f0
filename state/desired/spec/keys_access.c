/* Keys of ssh and of the guest's user. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/semver.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/load.h"

static void
check_ssh_port(struct load *l, const struct val *v)
{
	if (v->i < 0)
		diag_error(l, v, NULL, "must be > 0 (or 0 for any free port), got %lld", (long long)v->i);
	else if (v->i == 22)
		diag_error(l, v, NULL, "must not be 22");
	else if (v->i > 65535)
		diag_error(l, v, NULL, "must be < 65536, got %lld", (long long)v->i);
}

/* An old variable of the environment overrides the file if it holds a boolean in Go's spelling. */
void
finish_ssh(struct load *l, struct val *v)
{
	const char *env = getenv("LIMA_SSH_OVER_VSOCK");

	if (!env || !*env)
		return;
	if (word_in(env, "1 t T true TRUE True"))
		val_bool(l, v, "overVsock", true);
	else if (word_in(env, "0 f F false FALSE False"))
		val_bool(l, v, "overVsock", false);
	else
		diag_warn(l, v, "overVsock", "LIMA_SSH_OVER_VSOCK=%s in the environment is no boolean, ignored", env);
}

const struct key keys_ssh[] = {
	{ "localPort", KEY_INT, .def = "0", .check = check_ssh_port, AT(spec, ssh.local_port), .change = CHANGE_RESTART,
	  .about = "Port on the host for SSH to the guest; 0 takes a free one." },
	{ "loadDotSSHPubKeys", KEY_BOOL, .flags = KEY_HOST, .def = "false", AT(spec, ssh.load_dot_ssh), .change = CHANGE_BOOT,
	  .about = "Authorise the public keys in ~/.ssh, too." },
	{ "forwardAgent", KEY_BOOL, .flags = KEY_HOST, .def = "false", AT(spec, ssh.forward_agent), .change = CHANGE_LIVE,
	  .about = "Forward the SSH agent into the guest." },
	{ "forwardX11", KEY_BOOL, .flags = KEY_HOST, .def = "false", AT(spec, ssh.forward_x11), .change = CHANGE_LIVE, .about = "Forward X11." },
	{ "forwardX11Trusted", KEY_BOOL, .flags = KEY_HOST, .def = "false", AT(spec, ssh.forward_x11_trusted), .change = CHANGE_LIVE,
	  .about = "Forward X11 with all its powers." },
	{ "overVsock", KEY_BOOL, .usual = "if the driver can", .change = CHANGE_NOTE, .about = "Reach sshd over vsock, where the driver can." },
	{ NULL }
};

static struct val *
default_name(struct load *l, struct val *up)
{
	return val_text(l, up, "name", l->host->user);
}

static struct val *
default_comment(struct load *l, struct val *up)
{
	return val_text(l, up, "comment", l->host->comment);
}

/* The home that an instance was made with stays; before 2.1.0 it was another one. */
static struct val *
default_home(struct load *l, struct val *up)
{
	const struct semver new_home = { { 2, 1, 0 } };
	const char *os = val_s(l->root, "os");
	struct semver made;

	if (!strcmp(os, "Darwin"))
		return val_text(l, up, "home", "/Users/{{.User}}.guest");
	if (l->old_version && (!*l->old_version ||
			       (semver_parse(&made, l->old_version) == 0 && semver_compare(&made, &new_home) < 0)))
		return val_text(l, up, "home", "/home/{{.User}}.linux");
	return val_text(l, up, "home", "/home/{{.User}}.guest");
}

static struct val *
default_shell(struct load *l, struct val *up)
{
	const char *os = val_s(l->root, "os");

	return val_text(l, up, "shell", !strcmp(os, "Darwin") ? "/bin/zsh" : !strcmp(os, "FreeBSD") ? "/bin/sh" :
			!strcmp(os, "Windows") ? "cmd.exe" : "/bin/bash");
}

static struct val *
default_uid(struct load *l, struct val *up)
{
	return val_int(l, up, "uid", l->host->uid);
}

static struct val *
default_sudo(struct load *l, struct val *up)
{
	return val_bool(l, up, "passwordlessSudo", strcmp(val_s(l->root, "os"), "Darwin") != 0);
}

static void
check_shell(struct load *l, const struct val *v)
{
	static const char windows[] = "cmd.exe powershell.exe pwsh.exe";
	const char *last = v->s + strlen(v->s);
	char *lower;

	if (strcmp(val_s(l->root, "os"), "Windows")) {
		if (*v->s != '/')
			diag_error(l, v, NULL, "must be an absolute path, got `%s`", v->s);
		return;
	}
	while (last > v->s && last[-1] != '/' && last[-1] != '\\')
		last--;
	lower = arena_strdup(l->a, last);
	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (!word_in(lower, windows))
		diag_error(l, v, NULL, "must be %s on a Windows guest, got `%s`", words_text(l->a, windows), v->s);
}

static void
check_sudo(struct load *l, const struct val *v)
{
	const char *os = val_s(l->root, "os"), *vm = val_s(l->root, "vmType");
	bool darwin = !strcmp(os, "Darwin");

	if (v->b && darwin)
		diag_error(l, v, NULL, "must be false: macOS guests have no passwordless sudo");
	if (!v->b && !strcmp(vm, "wsl2"))
		diag_error(l, v, NULL, "must be true: wsl2 cannot do without passwordless sudo");
	if (!v->b && !darwin && !val_b(l->root, "plain"))
		diag_error(l, v, NULL, "`user.passwordlessSudo: false` requires `plain: true`");
}

const struct key keys_user[] = {
	{ "name", KEY_TEXT, .make = default_name, .usual = "the host's user; `lima` for root", AT(spec, user.name), .change = CHANGE_REFUSED,
	  .about = "Name of the guest's user; by default the host's." },
	{ "comment", KEY_TEXT, .make = default_comment, .usual = "the host's user's", AT(spec, user.comment), .change = CHANGE_BOOT, .about = "Full name." },
	{ "home", KEY_TEXT, .make = default_home, .usual = "/home/{{.User}}.guest", .expr = EXPR_GUEST, AT(spec, user.home), .change = CHANGE_REFUSED,
	  .about = "Home directory in the guest." },
	{ "shell", KEY_TEXT, .make = default_shell, .usual = "/bin/bash", .check = check_shell, AT(spec, user.shell), .change = CHANGE_BOOT,
	  .about = "Login shell." },
	{ "uid", KEY_UINT32, .make = default_uid, .usual = "the host's user's; 1000 for root", AT(spec, user.uid), .go = "UID", .change = CHANGE_REFUSED,
	  .about = "Numeric id in the guest." },
	{ "passwordlessSudo", KEY_BOOL, .make = default_sudo, .usual = "true", .check = check_sudo, AT(spec, user.passwordless_sudo),
	  .change = CHANGE_BOOT, .about = "May the user become root without a password?" },
	{ NULL }
};
