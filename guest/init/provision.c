#include "guest/init/provision.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "guest/init/accounts.h"
#include "guest/init/cidata.h"
#include "guest/init/log.h"
#include "guest/init/modules.h"
#include "guest/init/setup.h"
#include "guest/init/spawn.h"

#define ERRORS "/run/lima-boot-errors"
#define RECORDS "/run/lima-provision"

static void provision_failed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
provision_failed(const char *fmt, ...)
{
	FILE *f = fopen(ERRORS, "ae");
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	init_say("FAILED: %s", line);
	if (!f)
		return;
	fprintf(f, "%s\n", line);
	fclose(f);
}

/* fstab's options that are flags of mount(2) are taken out of the list; the others go to the file system. */
static unsigned long
mount_flags(const char *options, struct buf *rest)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} table[] = { { "ro", MS_RDONLY }, { "rw", 0 }, { "nofail", 0 }, { "defaults", 0 }, { "nosuid", MS_NOSUID }, { "nodev", MS_NODEV }, { "noexec", MS_NOEXEC }, { "noatime", MS_NOATIME } };
	auto_free char *copy = xstrdup(options);
	unsigned long flags = 0;
	char *save = NULL;

	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		size_t i;

		for (i = 0; i < ARRAY_LEN(table) && strcmp(w, table[i].name) != 0; i++)
			;
		if (i < ARRAY_LEN(table))
			flags |= table[i].flag;
		else
			buf_addf(rest, "%s%s", rest->len ? "," : "", w);
	}
	return flags;
}

void
provision_mounts(const struct cidata *c)
{
	if (c->mounts.n) {
		modules_load("fuse");
		modules_load("mount");
	}
	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct scan_mount *m = &c->mounts.v[i];
		AUTO(buf) rest = BUF_INIT;
		unsigned long flags = mount_flags(m->options, &rest);
		struct error err;

		if (!account_path_ok(m->target) || fs_mkdirs(m->target, 0755, &err) < 0)
			provision_failed("mount %s: not a folder that can be made", m->target);
		else if (mount(m->tag, m->target, m->type, flags, rest.s) < 0)
			provision_failed("mount %s (%s): %s", m->target, m->type, errno == ENODEV ? "this guest's kernel does not have it" : strerror(errno));
	}
}

/* The environment that scripts for root get: all of lima.env, param.env and etc_environment. */
static void
script_env(const struct cidata *c, struct env *e)
{
	env_set(e, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	env_set(e, "HOME", "/root");
	env_merge(e, &c->lima);
	env_merge(e, &c->param);
	env_merge(e, &c->etc);
	env_set(e, "LIMA_CIDATA_MNT", CIDATA_DIR);
	env_set(e, "LIMA_REBOOT_REQUIRED", "/run/lima-reboot-required");
}

pid_t
provision_names(const struct cidata *c)
{
	const char *argv[] = { CIDATA_DIR "/boot.Linux/23-host-dns.sh", NULL };
	AUTO(env) env = { 0 };
	pid_t pid;
	int status;

	if (!env_num(&c->lima, "LIMA_CIDATA_UDP_DNS_LOCAL_PORT", 1, 65535, 0))
		return -1;
	pid = fork();
	if (pid != 0)
		return pid;
	modules_load("names");
	script_env(c, &env);
	status = spawn_run(&(struct spawn){ .argv = argv, .env = env.v });
	if (status != 0)
		provision_failed("names: %s", spawn_status(status).s);
	_exit(0);
}

/* Returns its exit status. */
typedef int script_fn(const struct cidata *c, const struct setup_user *u, struct env *e, const char *path);

static int
provision_run_one(const char *what, const char *const argv[], const struct env *e)
{
	char said[256];
	long from;
	int status;

	init_say("running %s", what);
	from = log_size();
	status = spawn_run(&(struct spawn){ .argv = argv, .env = e->v, .dir = "/root" });
	log_tail(from, said, sizeof said);
	if (status != 0)
		provision_failed("%s: %s%s%s", what, spawn_status(status).s, *said ? "; it said: " : "", said);
	return WIFEXITED(status) ? WEXITSTATUS(status) : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 1;
}

static int
as_root(const struct cidata *c, const struct setup_user *u, struct env *e, const char *path)
{
	(void)c, (void)u;
	return provision_run_one(path + sizeof CIDATA_DIR, (const char *[]){ path, NULL }, e);
}

/* Through a login shell of the user's, as a person would: a copy, since cidata is for root alone. */
static int
as_user(const struct cidata *c, const struct setup_user *u, struct env *e, const char *path)
{
	auto_free char *copy = xasprintf("%s/.lima-user-script", u->home);
	auto_free char *runtime = xasprintf("XDG_RUNTIME_DIR=/run/user/%u", (unsigned)u->uid);
	AUTO(buf) keep = BUF_INIT;
	struct error err;
	int status;

	buf_adds(&keep, "--preserve-env=");
	for (size_t i = 0; i < c->param.n; i++)
		buf_addf(&keep, "%s%.*s", i ? "," : "", (int)strcspn(c->param.v[i], "="), c->param.v[i]);
	unlink(copy);
	if (fs_copy(path, copy, 0700, &err) < 0) {
		provision_failed("%s: %s", path + sizeof CIDATA_DIR, err.msg);
		return 1;
	}
	if (chmod(copy, 0700) < 0 || lchown(copy, u->uid, u->gid) < 0)
		say_errno("%s", copy);
	status = provision_run_one(path + sizeof CIDATA_DIR, (const char *[]){ "/usr/bin/sudo", "-iu", u->name, keep.s, runtime, copy, NULL }, e);
	unlink(copy);
	return status;
}

/* provision.data: a file whose place, owner and mode stand in lima.env */
static int
as_data(const struct cidata *c, const struct setup_user *u, struct env *e, const char *path)
{
	const char *number = strrchr(path, '/') + 1;
	auto_free char *prefix = xasprintf("DATAFILE_%s_", number);
	auto_free char *k_path = xasprintf("%sPATH", prefix), *k_owner = xasprintf("%sOWNER", prefix);
	auto_free char *k_mode = xasprintf("%sPERMISSIONS", prefix), *k_over = xasprintf("%sOVERWRITE", prefix);
	const char *target = cidata_str(c, k_path), *owner = cidata_str(c, k_owner), *mode = cidata_str(c, k_mode);
	auto_free char *dir = NULL;
	struct error err;

	(void)u;
	if (!account_path_ok(target) || !target[1] || *owner == '-' || *mode == '-') {
		provision_failed("provision.data/%s: no path in lima.env", number);
		return 1;
	}
	if (strcmp(cidata_str(c, k_over), "false") == 0 && fs_exists(target))
		return 0;
	dir = xstrndup(target, (size_t)(strrchr(target, '/') - target));
	if (*dir && fs_mkdirs(dir, 0755, &err) < 0) {
		provision_failed("provision.data/%s: %s", number, err.msg);
		return 1;
	}
	return provision_run_one(path + sizeof CIDATA_DIR, (const char *[]){ "/bin/cp", path, target, NULL }, e) |
	       provision_run_one("its owner", (const char *[]){ "/bin/chown", *owner ? owner : "root:root", target, NULL }, e) |
	       provision_run_one("its mode", (const char *[]){ "/bin/chmod", *mode ? mode : "644", target, NULL }, e);
}

/* provision.yq: as other guests do it, by the function of the boot scripts */
static int
as_yq(const struct cidata *c, const struct setup_user *u, struct env *e, const char *path)
{
	static const char script[] =
		"say() { echo \"$*\"; }\n"
		"failed() { echo \"$*\"; code=1; }\n"
		"code=0\n"
		". \"$LIMA_CIDATA_MNT/provision.sh\"\n"
		"provision_yq \"$1\"\n"
		"exit $code\n";

	(void)c, (void)u;
	return provision_run_one(path + sizeof CIDATA_DIR, (const char *[]){ "/bin/sh", "-c", script, "sh", path, NULL }, e);
}

static double
seconds_up(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Without our own lines. */
static void
add_said(struct buf *out, const struct buf *log)
{
	for (const char *p = log->s; p && *p;) {
		size_t len = strcspn(p, "\n") + (strchr(p, '\n') != NULL);
		auto_free char *line = xstrndup(p, len);

		if (!strstr(line, "] lima-init: "))
			buf_adds(out, line);
		p += len;
	}
}

/* What the host reads of the run of each, as the boot scripts of other guests write it (guest/boot/provision.sh). */
static void
provision_record(const char *path, int status, double began, long from)
{
	auto_free char *name = xstrdup(path + sizeof CIDATA_DIR), *to = NULL;
	AUTO(buf) b = BUF_INIT, log = BUF_INIT;
	struct error err;

	*strchr(name, '/') = '.';
	to = xasprintf(RECORDS "/%s", name);
	buf_addf(&b, "%d %.2f %.2f\n", status, began, seconds_up());
	log_since(from, &log);
	add_said(&b, &log);
	if (fs_mkdirs(RECORDS, 0700, &err) < 0 || fs_write(to, b.s, b.len, 0600, &err) < 0)
		init_say("%s: %s", to, err.msg);
}

static void
provision_one(const struct cidata *c, const struct setup_user *u, struct env *e, script_fn *fn, const char *path)
{
	double began = seconds_up();
	long from = log_size();

	provision_record(path, fn(c, u, e, path), began, from);
}

void
provision_run(const struct cidata *c, const struct setup_user *u)
{
	static const struct {
		const char *dir;
		script_fn *fn;
		bool plain_too;
	} table[] = {
		{ "provision.dependency", as_root, false },
		{ "provision.data", as_data, true },
		{ "provision.yq", as_yq, true },
		{ "provision.system", as_root, true },
		{ "provision.user", as_user, true },
	};
	AUTO(env) env = { 0 };

	script_env(c, &env);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		auto_free char *pattern = xasprintf(CIDATA_DIR "/%s/*", table[i].dir);
		glob_t g = { 0 };

		if (!table[i].plain_too && cidata_is(c, "PLAIN"))
			continue;
		if (glob(pattern, 0, NULL, &g) == 0)
			for (size_t k = 0; k < g.gl_pathc; k++)
				provision_one(c, u, &env, table[i].fn, g.gl_pathv[k]);
		globfree(&g);
	}
}
