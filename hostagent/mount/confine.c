#include "hostagent/mount/confine.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

enum { EXIT_CONFINE = 125, EXIT_EXEC = 127 };

/* Linux 6.2's, which the headers of Debian 12 do not have yet */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#define READ_FILE (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE)
#define READ_DIR  (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* What this kernel knows how to refuse. linux: include/uapi/linux/landlock.h */
static __u64
all_access(long abi)
{
	__u64 all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (abi >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all |= LANDLOCK_ACCESS_FS_TRUNCATE;
	return all;
}

static int
allow(int rules, const char *path, __u64 access)
{
	auto_close int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr beneath = { .allowed_access = access, .parent_fd = fd };

	return fd < 0 ? -1 : (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
}

/* What this kernel has of Landlock; < 1: nothing. */
static long
version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool
confine_possible(void)
{
	return version() >= 1;
}

/* Rules that allow the folder and nothing else, to be added to; -1: there are none. */
static int
rules_for(const char *folder, bool writable)
{
	__u64 all = all_access(version());
	struct landlock_ruleset_attr attr = { .handled_access_fs = all };
	auto_close int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);

	return rules < 0 || allow(rules, folder, writable ? all : READ_DIR) < 0 ? -1 : steal_fd(rules);
}

void
confine_to(const char *folder, bool writable)
{
	/* the first version refuses to move a file from one folder to another */
	auto_close int rules = version() < 2 ? -1 : rules_for(folder, writable);

	if (rules >= 0)
		syscall(SYS_landlock_restrict_self, rules, 0);
}

/* The folder, and what a program needs to start and to know users by name. -1: it could not be done. */
static int
confine(const char *folder, bool writable)
{
	static const char *const dirs[] = { "/usr", "/lib", "/lib32", "/lib64" };
	static const char *const files[] = {
		"/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime", "/dev/null",
	};
	auto_close int rules = -1;

	if (!confine_possible())
		return 0;
	rules = rules_for(folder, writable);
	if (rules < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		allow(rules, dirs[i], READ_DIR);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		allow(rules, files[i], READ_FILE);
	allow(rules, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
	return (int)syscall(SYS_landlock_restrict_self, rules, 0);
}

/* The folder as a mount of its own, in a mount name space of our own. */
static int
bind_read_only(const char *folder)
{
	return unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		       mount(folder, folder, NULL, MS_BIND, NULL) < 0 ||
		       mount(NULL, folder, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0 ? -1 : 0;
}

int
confine_main(char **argv)
{
	if (!argv[1] || !argv[2] || !argv[3])
		return EXIT_CONFINE;
	if (strcmp(argv[1], "bind-ro") == 0 ? bind_read_only(argv[2]) < 0 :
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || confine(argv[2], strcmp(argv[1], "rw") == 0) < 0)
		return EXIT_CONFINE;
	execv(argv[3], argv + 3);
	return EXIT_EXEC;
}
