#include "guest/init/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "guest/init/accounts.h"
#include "guest/init/cidata.h"
#include "guest/init/log.h"
#include "guest/init/spawn.h"

enum { FILE_MAX = 1 << 20 };

/*
 * Renamed into place, but not synced one by one: the caller syncs once, when somebody
 * can log in. Until then a crash leaves the old file or the new one.
 */
static bool
setup_replace(const char *path, const struct buf *text, mode_t mode, uid_t uid, gid_t gid)
{
	auto_free char *tmp = fs_tmp(path);
	auto_close int fd = -1;

	unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && write(fd, text->s, text->len) == (ssize_t)text->len && fchown(fd, uid, gid) == 0 &&
	    fchmod(fd, mode) == 0 && rename(tmp, path) == 0)
		return true;
	say_errno("write %s", path);
	unlink(tmp);
	return false;
}

void
setup_write(const char *path, const char *text, mode_t mode)
{
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, text);
	setup_replace(path, &b, mode, 0, 0);
}

/* The text of a file; "" when there is none. A file that cannot be read is said and left alone. */
static bool
setup_text_of(const char *path, struct buf *b)
{
	struct error err;

	if (fs_read_if(path, b, FILE_MAX, &err) < 0) {
		init_say("%s", err.msg);
		return false;
	}
	return true;
}

static void
setup_put(const char *path, const struct buf *old, const struct buf *new, mode_t mode)
{
	if (strcmp(old->s, new->s) != 0)
		setup_replace(path, new, mode, 0, 0);
}

static void
setup_machine_id(void)
{
	unsigned char b[16];
	char text[34];

	if (access("/etc/machine-id", F_OK) == 0 || getrandom(b, sizeof b, 0) != sizeof b)
		return;
	b[6] = (b[6] & 0x0f) | 0x40;	/* a UUID of version 4, as systemd makes it */
	b[8] = (b[8] & 0x3f) | 0x80;
	for (int i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", b[i]);
	memcpy(text + 32, "\n", 2);
	setup_write("/etc/machine-id", text, 0444);
}

void
setup_host(const struct cidata *c)
{
	AUTO(buf) old = BUF_INIT;
	AUTO(buf) new = BUF_INIT;
	const char *name = c->hostname ? c->hostname : "lima", *gateway = cidata_str(c, "SLIRP_GATEWAY");
	auto_free char *line = xasprintf("%s\n", name);

	if (sethostname(name, strlen(name)) < 0)
		say_errno("hostname %s", name);
	if (setup_text_of("/etc/hostname", &old) && strcmp(old.s, line) != 0)
		setup_write("/etc/hostname", line, 0644);
	buf_truncate(&old, 0);
	if (setup_text_of("/etc/hosts", &old)) {
		hosts_set(old.s, name, strspn(gateway, "0123456789abcdefABCDEF.:") == strlen(gateway) ? gateway : "", &new);
		setup_put("/etc/hosts", &old, &new, 0644);
	}
	setup_machine_id();
}

void
setup_environment(const struct cidata *c)
{
	AUTO(buf) old = BUF_INIT;
	AUTO(buf) new = BUF_INIT;

	if (!setup_text_of("/etc/environment", &old))
		return;
	environment_set(old.s, c->etc_block ? c->etc_block : "", &new);
	setup_put("/etc/environment", &old, &new, 0644);
	/* as sessions of sshd have it (services_ssh), for what is begun without one */
	if (mkdir("/etc/default", 0755) == 0 || errno == EEXIST)
		setup_write("/etc/default/locale", "LANG=C.UTF-8\n", 0644);
}

static void
edit_groups(struct setup_user *u, bool sudo)
{
	AUTO(buf) old = BUF_INIT;
	AUTO(buf) with = BUF_INIT;
	AUTO(buf) new = BUF_INIT;

	if (!setup_text_of("/etc/group", &old))
		return;
	u->gid = group_choose(old.s, u->name, u->uid);
	group_set(old.s, u->name, u->gid, &with);
	group_set_member(with.s, "sudo", u->name, sudo, &new);
	setup_put("/etc/group", &old, &new, 0644);
}

static void
edit_users(const struct setup_user *u, const char *comment)
{
	struct account a = { u->name, comment, u->home, u->shell, u->uid, u->gid };
	AUTO(buf) old = BUF_INIT;
	AUTO(buf) new = BUF_INIT;

	if (setup_text_of("/etc/passwd", &old)) {
		passwd_set(old.s, &a, &new);
		setup_put("/etc/passwd", &old, &new, 0644);
	}
	buf_truncate(&old, 0);
	buf_truncate(&new, 0);
	if (setup_text_of("/etc/shadow", &old)) {
		shadow_set(old.s, u->name, &new);
		setup_put("/etc/shadow", &old, &new, 0600);
	}
}

/* The folder, its parents root's, itself the user's. An existing one keeps its mode. */
static bool
own_dir(const char *path, mode_t mode, const struct setup_user *u)
{
	auto_free char *parent = xstrdup(path);
	struct error err;
	struct stat st;

	*strrchr(parent, '/') = '\0';
	if (*parent && fs_mkdirs(parent, 0755, &err) < 0) {
		init_say("%s", err.msg);
		return false;
	}
	if (mkdir(path, mode) < 0 && errno != EEXIST) {
		say_errno("mkdir %s", path);
		return false;
	}
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		init_say("%s is no folder", path);
		return false;
	}
	if ((st.st_uid != u->uid || st.st_gid != u->gid) && lchown(path, u->uid, u->gid) < 0)
		say_errno("chown %s", path);
	return true;
}

/* Keys are added, never removed: the user may have added some. */
static void
merge_keys(const struct cidata *c, const struct setup_user *u)
{
	auto_free char *path = xasprintf("%s/.ssh/authorized_keys", u->home);
	AUTO(buf) old = BUF_INIT;
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) next = BUF_INIT;

	if (!setup_text_of(path, &old))
		return;
	buf_adds(&text, old.s);
	for (size_t i = 0; i < c->keys.n; i++) {
		buf_truncate(&next, 0);
		line_add(text.s, c->keys.v[i], &next);
		buf_truncate(&text, 0);
		buf_adds(&text, next.s);
	}
	if (strcmp(old.s, text.s) != 0)
		setup_replace(path, &text, 0600, u->uid, u->gid);
}

/* ~/.ssh is the user's, who may have put links there: it is written with the user's rights, not ours. */
static void
write_keys(const struct cidata *c, const struct setup_user *u)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setgroups(0, NULL) == 0 && setresgid(u->gid, u->gid, u->gid) == 0 && setresuid(u->uid, u->uid, u->uid) == 0)
			merge_keys(c, u);
		_exit(0);
	}
	spawn_wait(pid);
}

bool
setup_account(const struct cidata *c, struct setup_user *u)
{
	enum { NOBODY = 65534 };
	const char *name = cidata_str(c, "USER"), *home = cidata_str(c, "HOME"), *shell = cidata_str(c, "SHELL");
	auto_free char *ssh = NULL;
	uid_t uid = (uid_t)env_num(&c->lima, "LIMA_CIDATA_UID", 1, 0x7fffffff, 0);

	if (!account_name_ok(name) || strcmp(name, "root") == 0 || uid == 0 || uid == NOBODY || !account_path_ok(home) || !home[1]) {
		init_say("cidata: user \"%s\", uid \"%s\", home \"%s\": not possible", name, cidata_str(c, "UID"), home);
		return false;
	}
	if (!account_path_ok(shell) || access(shell, X_OK) < 0) {
		init_say("shell \"%s\" is not there: /bin/sh instead", shell);
		shell = "/bin/sh";
	}
	*u = (struct setup_user){ .name = name, .home = home, .shell = shell, .uid = uid, .gid = uid };
	edit_groups(u, cidata_is(c, "PASSWORDLESS_SUDO"));
	edit_users(u, cidata_str(c, "COMMENT"));
	ssh = xasprintf("%s/.ssh", home);
	if (!own_dir(home, 0750, u) || !own_dir(ssh, 0700, u))
		return false;
	if (c->keys.n == 0)
		init_say("cidata: user-data has no ssh_authorized_keys");
	write_keys(c, u);
	return true;
}
