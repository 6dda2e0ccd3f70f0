/*
 * guest/init/sudo.c - sudo for the tiny guest: members of the group "sudo" may do anything, nobody else may.
 *
 * There are no passwords in this guest, so there is no policy to write down: lima-init
 * puts the user into that group if lima.yaml allows passwordless sudo. It is setuid
 * root and nothing else is: everything from outside (words, environment) is data here.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "guest/init/env.h"
#include "guest/init/sudo_args.h"

#define PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

extern char **environ;

static _Noreturn void
sudo_die(const char *what, const char *why)
{
	fprintf(stderr, "sudo: %s%s%s\n", what, *why ? ": " : "", why);
	exit(1);
}

static bool
sudo_allowed(void)
{
	const struct group *g = getgrnam("sudo");
	gid_t list[256];
	int n = getgroups(ARRAY_LEN(list), list);

	if (getuid() == 0)
		return true;
	for (int i = 0; g && i < n; i++)
		if (list[i] == g->gr_gid)
			return true;
	return false;
}

/* What the dynamic linker would obey must not cross over, whoever asks for it. */
static bool
may_keep(const char *entry)
{
	return strncmp(entry, "LD_", 3) != 0 && strncmp(entry, "GCONV_PATH=", 11) != 0 && strncmp(entry, "SUDO_", 5) != 0;
}

static bool
in_list(const char *entry, const char *list)
{
	size_t n = strcspn(entry, "=");

	while (list) {
		size_t len = strcspn(list, ",");

		if (len == n && memcmp(entry, list, n) == 0)
			return true;
		list = list[len] ? list + len + 1 : NULL;
	}
	return false;
}

static void
set_words(struct env *e, const char *entry)
{
	auto_free char *name = xstrndup(entry, strcspn(entry, "="));

	if (entry[strlen(name)] == '=' && *name)
		env_set(e, name, entry + strlen(name) + 1);
}

static void
build_env(const struct sudo_args *a, const struct passwd *target, const char *caller, struct env *e)
{
	static const char always[] = "TERM,COLORTERM,LANG,TZ,DISPLAY";
	AUTO(buf) etc = BUF_INIT;
	auto_free char *uid = xasprintf("%u", (unsigned)getuid()), *gid = xasprintf("%u", (unsigned)getgid());
	struct error err;

	if (fs_read_if("/etc/environment", &etc, 1 << 20, &err) > 0)
		env_parse_pam(e, etc.s, etc.len);
	for (char **v = environ; *v; v++)
		if (may_keep(*v) && (a->keep_env || in_list(*v, a->keep_list) || in_list(*v, always)))
			set_words(e, *v);
	env_set(e, "HOME", target->pw_dir);
	env_set(e, "SHELL", *target->pw_shell ? target->pw_shell : "/bin/sh");
	env_set(e, "USER", target->pw_name);
	env_set(e, "LOGNAME", target->pw_name);
	env_set(e, "PATH", PATH);
	env_set(e, "SUDO_UID", uid);
	env_set(e, "SUDO_GID", gid);
	for (int i = 0; i < a->n_assign; i++)
		set_words(e, a->assign[i]);
	env_set(e, "SUDO_USER", caller);
}

/* The words as one line for sh -c that gives the same words again, as sudo does for -i and -s. */
static char *
sudo_line_of(char **words)
{
	AUTO(buf) b = BUF_INIT;

	for (; *words; words++) {
		for (const char *s = *words; *s; s++) {
			if ((unsigned char)*s < 0x80 && !strchr("_-$", *s) && !(*s >= '0' && *s <= '9') &&
			    !((*s | 32) >= 'a' && (*s | 32) <= 'z'))
				buf_addc(&b, '\\');
			buf_addc(&b, *s);
		}
		if (words[1])
			buf_addc(&b, ' ');
	}
	return buf_detach(&b);
}

static void
sudo_become(const struct passwd *target, const char *group)
{
	gid_t gid = target->pw_gid;
	const struct group *g;
	auto_free char *name = xstrdup(target->pw_name);
	uid_t uid = target->pw_uid;
	char *end;

	if (group) {
		g = getgrnam(group);
		gid = g ? g->gr_gid : (gid_t)strtoul(group + (*group == '#'), &end, 10);
		if (!g && (*group != '#' || !group[1] || *end))
			sudo_die(group, "unknown group");
	}
	if (initgroups(name, gid) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		sudo_die("change of user", strerror(errno));
}

/* "#1000" is a number; a number without an account has no home to speak of. */
static const struct passwd *
target_of(const char *user)
{
	const struct passwd *p;
	char *end;
	unsigned long n;

	if (*user != '#')
		p = getpwnam(user);
	else {
		n = strtoul(user + 1, &end, 10);
		p = user[1] && !*end && n < (uid_t)-1 ? getpwuid((uid_t)n) : NULL;
	}
	if (!p)
		sudo_die(user, "unknown user");
	return p;
}

static _Noreturn void
sudo_run(const struct sudo_args *a, struct env *e)
{
	const char *shell = env_str(e, "SHELL"), *slash = strrchr(shell, '/');
	auto_free char *login = xasprintf("-%s", slash ? slash + 1 : shell);
	const char *argv[4] = { a->login ? login : shell };

	if (a->login || a->shell) {
		if (a->command[0]) {
			argv[1] = "-c";
			argv[2] = sudo_line_of(a->command);
		}
		execve(shell, (char *const *)argv, e->v);
		sudo_die(shell, strerror(errno));
	}
	environ = e->v;
	execvp(a->command[0], a->command);
	fprintf(stderr, "sudo: %s: %s\n", a->command[0], errno == ENOENT ? "command not found" : strerror(errno));
	exit(errno == ENOENT ? 127 : 126);
}

int
main(int argc, char **argv)
{
	static const char usage[] = "usage: sudo [-EHins] [-u USER] [-g GROUP] [--preserve-env[=LIST]] [NAME=VALUE...] [--] [COMMAND...]";
	const struct passwd *me, *target;
	auto_free char *caller = NULL;
	struct env e = { 0 };
	struct sudo_args a;
	struct error err;

	if (sudo_args_parse(argc, argv, &a, &err) < 0)
		sudo_die(err.msg, "");
	if (a.help || a.version) {
		puts(usage);
		return 0;
	}
	if (geteuid() != 0)
		sudo_die("is not setuid root", "");
	if (!sudo_allowed())
		sudo_die("you are not in the group sudo", "");
	if (!a.command[0] && !a.login && !a.shell) {
		if (a.validate || argc == 2)
			return 0;
		sudo_die(usage, "");
	}
	me = getpwuid(getuid());	/* its memory is the next look-up's, too */
	caller = me ? xstrdup(me->pw_name) : xasprintf("%u", (unsigned)getuid());
	target = target_of(a.user);
	build_env(&a, target, caller, &e);
	sudo_become(target, a.group);
	if ((a.chdir && chdir(a.chdir) < 0) || (a.login && chdir(env_str(&e, "HOME")) < 0 && chdir("/") < 0))
		sudo_die(a.chdir ? a.chdir : env_str(&e, "HOME"), strerror(errno));
	sudo_run(&a, &e);
}
