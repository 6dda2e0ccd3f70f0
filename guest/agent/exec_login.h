/*
 * guest/agent/exec_login.h - who a command runs as, and whether it can run without a login: what a session of sshd's would have.
 *
 * The user's account and groups are read from the files, his environment as PAM makes it of /etc/environment. Whatever only a login gives here
 * (limits, SELinux, a session of systemd's that is not there yet) is a reason to log in, and nothing is guessed. `root` is "" but in tests.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

struct error;
struct exec_command;

enum { EXEC_GROUPS_MAX = 256 };

struct exec_login {
	char *name, *home, *shell;
	uid_t uid;
	gid_t gid;
	gid_t groups[EXEC_GROUPS_MAX];
	size_t ngroups;
	struct buf env;		/* "NAME=value", a NUL behind each */
};

void exec_login_release(struct exec_login *l);
/* -1: no such user in the files, or only a login will do: why. */
int exec_login_look(const char *root, const char *user, struct exec_login *out, struct error *err);
/* His environment; what the host says besides is last. */
void exec_login_env(const char *root, const struct exec_command *c, struct exec_login *l);
/* A variable is set, over one that is there. False: it is none. */
bool exec_env_set(struct buf *env, const char *assignment);
