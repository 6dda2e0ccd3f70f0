#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/seccomp.h"

/* Linux 6.2's, which the headers of Debian 12 do not have yet */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#define READ_FILE  (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE)
#define READ_ALL   (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)

/* What a program needs to start: its libraries, and where to look for them. */
static const char *const program_paths[] = { "/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/ld.so.cache", NULL };

/* What this kernel knows how to refuse. linux: include/uapi/linux/landlock.h */
static __u64
access_known(long version)
{
	__u64 all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (version >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		all |= LANDLOCK_ACCESS_FS_TRUNCATE;
	return all;
}

/* A file has no folders in it to be listed: the kernel refuses a rule that says so. */
static int
rule_add(int rules, const char *path, __u64 access)
{
	auto_close int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr beneath = { .allowed_access = access, .parent_fd = fd };

	if (fd < 0)
		return -1;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0)
		return 0;
	beneath.allowed_access &= ~(__u64)LANDLOCK_ACCESS_FS_READ_DIR;
	return (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
}

static int
rules_add(int rules, const char *const *paths, __u64 access, struct error *err)
{
	for (size_t i = 0; paths && paths[i]; i++)
		if (rule_add(rules, paths[i], access) < 0)
			return error_errno(err, "allow %s", paths[i]);
	return 0;
}

/* The program itself, and the libraries of one that lives elsewhere: /opt/qemu/bin/qemu-img and /opt/qemu/lib. */
static void
rules_add_program(int rules, const char *program)
{
	static const char *const libraries[] = { "lib", "lib64" };
	auto_free char *real = fs_realpath(program), *top = xstrdup(real);

	for (size_t i = 0; program_paths[i]; i++)
		rule_add(rules, program_paths[i], READ_ALL);
	rule_add(rules, program, READ_ALL);
	rule_add(rules, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
	for (int up = 0; up < 2 && strrchr(top, '/'); up++)
		*strrchr(top, '/') = '\0';
	for (size_t i = 0; i < ARRAY_LEN(libraries) && *top; i++) {
		auto_free char *path = xasprintf("%s/%s", top, libraries[i]);

		rule_add(rules, path, READ_ALL);
	}
}

int
sandbox_rules(const struct sandbox *s, const char *program, struct error *err)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	__u64 known = access_known(version);
	struct landlock_ruleset_attr attr = { .handled_access_fs = known };
	auto_close int rules = version < 1 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);

	if (rules < 0)
		return -2;
	if (program)
		rules_add_program(rules, program);
	if (rules_add(rules, s->readable, READ_ALL & known, err) < 0 || rules_add(rules, s->writable, WRITE_FILE & known, err) < 0)
		return -1;
	return steal_fd(rules);
}

static int
bound_set(__rlimit_resource_t what, uint64_t bytes)
{
	struct rlimit now, want = { bytes, bytes };

	if (!bytes || getrlimit(what, &now) < 0)
		return 0;
	/* what is stricter already stays */
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < bytes)
		return 0;
	return setrlimit(what, &want);
}

int
sandbox_enter(const struct sandbox *s, int rules)
{
	struct rlimit none = { 0 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	uint64_t memory = s->computes ? 0 : s->max_memory_bytes;	/* their shadow is of terabytes */
#else
	uint64_t memory = s->max_memory_bytes;
#endif

	signal(SIGXFSZ, SIG_IGN);	/* so that it is an error with a text */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
	    bound_set(RLIMIT_FSIZE, s->max_file_bytes) < 0 || bound_set(RLIMIT_AS, memory) < 0)
		return -1;
	if (rules >= 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return -1;
	return s->computes ? seccomp_compute() : seccomp_keep_to_itself();
}
