#include "guest/agent/exec_login.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "guest/wire/exec_frame.h"

enum { MAX_FILE = 1 << 20, PASSWD_FIELDS = 7, GROUP_FIELDS = 4 };

void
exec_login_release(struct exec_login *l)
{
	free(l->name);
	free(l->home);
	free(l->shell);
	buf_release(&l->env);
	*l = (struct exec_login){ .env = BUF_INIT };
}

static bool
login_read(const char *root, const char *path, struct buf *out)
{
	auto_free char *full = xasprintf("%s%s", root, path);

	return fs_read_if(full, out, MAX_FILE, NULL) == 1;
}

static bool
login_has(const char *root, const char *path)
{
	auto_free char *full = xasprintf("%s%s", root, path);
	struct stat st;

	return stat(full, &st) == 0;
}

/* Cuts a line at its colons, once there are as many fields as it must have. */
static bool
login_fields(char *line, char *out[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = line ? strsep(&line, ":") : NULL;
	return out[n - 1] != NULL;
}

static bool
login_number(const char *text, unsigned *out)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	*out = (unsigned)v;
	return isdigit((unsigned char)*text) && !*end && v < 0xffffffffUL;
}

static bool
login_account(const char *root, const char *user, struct exec_login *out)
{
	AUTO(buf) text = BUF_INIT;
	char *rest, *f[PASSWD_FIELDS];
	unsigned uid, gid;

	if (!login_read(root, "/etc/passwd", &text))
		return false;
	rest = text.s;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (!login_fields(line, f, PASSWD_FIELDS) || strcmp(f[0], user) != 0)
			continue;
		if (!login_number(f[2], &uid) || !login_number(f[3], &gid))
			return false;
		out->name = xstrdup(user);
		out->home = xstrdup(*f[5] ? f[5] : "/");
		out->shell = xstrdup(*f[6] ? f[6] : "/bin/sh");
		out->uid = uid;
		out->gid = gid;
		return true;
	}
	return false;
}

static bool
login_is_member(char *members, const char *user)
{
	for (char *m; (m = strsep(&members, ","));)
		if (!strcmp(m, user))
			return true;
	return false;
}

static bool
login_groups(const char *root, struct exec_login *l)
{
	AUTO(buf) text = BUF_INIT;
	char *rest, *f[GROUP_FIELDS];
	unsigned gid;

	l->groups[l->ngroups++] = l->gid;
	if (!login_read(root, "/etc/group", &text))
		return true;
	rest = text.s;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (!login_fields(line, f, GROUP_FIELDS) || !login_number(f[2], &gid) || gid == l->gid || !login_is_member(f[3], l->name))
			continue;
		if (l->ngroups == EXEC_GROUPS_MAX)
			return false;
		l->groups[l->ngroups++] = gid;
	}
	return true;
}

/* --- what only a login gives --- */

/* Has the file a line that is no comment, and has that word in it ("": whatever it is)? */
static bool
login_says(const char *full, const char *word)
{
	AUTO(buf) text = BUF_INIT;
	char *rest;

	if (fs_read_if(full, &text, MAX_FILE, NULL) != 1)
		return false;
	rest = text.s;
	for (char *line; (line = strsep(&rest, "\n"));) {
		line += strspn(line, " \t\r");
		if (*line && *line != '#' && strstr(line, word))
			return true;
	}
	return false;
}

/* Has one of the folder's files, whose names end so, such a line? (glob(3) would have half of a resolver in the agent.) */
static bool
login_says_any(const char *root, const char *folder, const char *suffix, const char *word)
{
	auto_free char *full = xasprintf("%s%s", root, folder);
	auto_dir DIR *d = opendir(full);

	for (struct dirent *e; d && (e = readdir(d));) {
		auto_free char *path = xasprintf("%s/%s", full, e->d_name);
		size_t n = strlen(e->d_name), tail = strlen(suffix);

		if (*e->d_name != '.' && n >= tail && !strcmp(e->d_name + n - tail, suffix) && login_says(path, word))
			return true;
	}
	return false;
}

static bool
login_file_says(const char *root, const char *path, const char *word)
{
	auto_free char *full = xasprintf("%s%s", root, path);

	return login_says(full, word);
}

static const char *
login_why_needed(const char *root, const struct exec_login *l)
{
	auto_free char *runtime = xasprintf("/run/user/%u", (unsigned)l->uid), *rc = xasprintf("%s/.ssh/rc", l->home);

	if (login_has(root, "/etc/nologin") || login_has(root, "/run/nologin"))
		return "nobody may log in now (nologin)";
	if (login_has(root, "/run/systemd/system") && !login_has(root, runtime))
		return "its user has no session of systemd's yet";
	if (login_file_says(root, "/etc/security/limits.conf", "") || login_says_any(root, "/etc/security/limits.d", ".conf", ""))
		return "it has limits for logins (/etc/security)";
	if (login_says_any(root, "/etc/pam.d", "", "pam_umask"))
		return "its logins have a umask of their own (pam_umask)";
	if (login_file_says(root, "/sys/fs/selinux/enforce", "1"))
		return "SELinux gives logins their labels";
	if (login_has(root, rc) || login_has(root, "/etc/ssh/sshrc"))
		return "a login of ssh runs a script there (rc)";
	return NULL;
}

int
exec_login_look(const char *root, const char *user, struct exec_login *out, struct error *err)
{
	const char *why;

	*out = (struct exec_login){ .env = BUF_INIT };
	if (!login_account(root, user, out) || !login_groups(root, out)) {
		exec_login_release(out);
		return error_set(err, ENOENT, "its /etc/passwd and group do not tell who %.100s is", user);
	}
	why = login_why_needed(root, out);
	if (!why)
		return 0;
	exec_login_release(out);
	return error_set(err, ENOTSUP, "%s", why);
}

/* --- the environment --- */

static size_t
env_name(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n && s[n] == '=' ? n : 0;
}

bool
exec_env_set(struct buf *env, const char *assignment)
{
	size_t name = env_name(assignment);

	if (!name)
		return false;
	for (size_t at = 0, len; at < env->len; at += len) {
		len = strlen(env->s + at) + 1;
		if (strncmp(env->s + at, assignment, name + 1) != 0)
			continue;
		memmove(env->s + at, env->s + at + len, env->len - at - len);
		buf_truncate(env, env->len - len);
		break;
	}
	buf_add(env, assignment, strlen(assignment) + 1);
	return true;
}

/* As pam_env(8) reads /etc/environment: no expansion, one pair of quotes, a `#` ends the line. */
static void
env_line(struct buf *env, char *line)
{
	size_t name, len;
	char *value;

	line += strspn(line, " \t");
	if (!strncmp(line, "export ", 7))
		line += 7;
	line[strcspn(line, "#\r")] = '\0';
	len = strlen(line);
	while (len && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
	name = env_name(line);
	if (!name)
		return;
	value = line + name + 1;
	if (*value == '"' || *value == '\'') {
		size_t end = strlen(value);

		if (end > 1 && value[end - 1] == *value)
			value[end - 1] = '\0';
		memmove(value, value + 1, strlen(value));
	}
	exec_env_set(env, line);
}

static void
env_file(const char *root, const char *path, struct buf *env)
{
	AUTO(buf) text = BUF_INIT;
	char *rest;

	if (!login_read(root, path, &text))
		return;
	rest = text.s;
	for (char *line; (line = strsep(&rest, "\n"));)
		env_line(env, line);
}

static void env_setf(struct buf *env, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
env_setf(struct buf *env, const char *fmt, ...)
{
	AUTO(buf) b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	exec_env_set(env, b.s);
}

void
exec_login_env(const char *root, const struct exec_command *c, struct exec_login *l)
{
	auto_free char *runtime = xasprintf("/run/user/%u", (unsigned)l->uid), *bus = xasprintf("%s/bus", runtime);
	struct buf *env = &l->env;

	env_setf(env, "PATH=/usr/local/bin:/usr/bin:/bin");
	env_file(root, "/etc/default/locale", env);
	env_file(root, "/etc/environment", env);
	env_setf(env, "USER=%s", l->name);
	env_setf(env, "LOGNAME=%s", l->name);
	env_setf(env, "HOME=%s", l->home);
	env_setf(env, "SHELL=%s", l->shell);
	if (login_has(root, "/etc/pam.d/sshd"))
		env_setf(env, "MAIL=/var/mail/%s", l->name);
	if (login_has(root, "/run/systemd/system") && login_has(root, runtime)) {
		env_setf(env, "XDG_RUNTIME_DIR=%s", runtime);
		if (login_has(root, bus))
			env_setf(env, "DBUS_SESSION_BUS_ADDRESS=unix:path=%s", bus);
	}
	for (const char *p = c->env; *p; p += strlen(p) + 1)
		exec_env_set(env, p);
}
