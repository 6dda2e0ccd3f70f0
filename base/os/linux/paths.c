#include "base/paths.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

/* Newer than the headers of Debian 12. linux: include/uapi/linux/landlock.h */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#define SCOPE_ABSTRACT_SOCKETS (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

struct ruleset {
	uint64_t handled_access_fs, handled_access_net, scoped;
};

#define OF_FILES (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)

static const struct {
	unsigned access;
	uint64_t rights;
} meanings[] = {
	{ PATHS_READ, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR },
	{ PATHS_WRITE, LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE },
	{ PATHS_MAKE, LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_SOCK |
			      LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER },
	{ PATHS_LIST, LANDLOCK_ACCESS_FS_READ_DIR },
	{ PATHS_MAKE_SOCKETS, LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_DIR },
	{ PATHS_EXECUTE, LANDLOCK_ACCESS_FS_EXECUTE },
	{ PATHS_MAKE_FIFOS, LANDLOCK_ACCESS_FS_MAKE_FIFO },
};

static bool
ruleset_begin(struct paths *p, uint64_t scoped)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset attr = { .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
	size_t size = sizeof attr.handled_access_fs;

	if (version >= 2)
		attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		attr.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (version >= 6) {
		attr.scoped = scoped;
		size = sizeof attr;
	}
	p->known = attr.handled_access_fs;
	p->rules = version < 1 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	return p->rules >= 0;
}

bool
paths_begin(struct paths *p)
{
	return ruleset_begin(p, SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNAL);
}

bool
paths_begin_signaller(struct paths *p)
{
	return ruleset_begin(p, SCOPE_ABSTRACT_SOCKETS);
}

bool
paths_can_move(const struct paths *p)
{
	return p->known & LANDLOCK_ACCESS_FS_REFER;
}

int
paths_allow(struct paths *p, const char *path, unsigned access)
{
	auto_close int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr beneath = { .parent_fd = fd };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
		if (access & meanings[i].access)
			beneath.allowed_access |= meanings[i].rights;
	/* The kernel refuses a rule that says of a file what only a folder can do */
	beneath.allowed_access &= p->known & (S_ISDIR(st.st_mode) ? UINT64_MAX : OF_FILES);
	if (!beneath.allowed_access)
		return 0;
	return (int)syscall(SYS_landlock_add_rule, p->rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
}

void
paths_allow_resolver(struct paths *p)
{
	auto_free char *conf = realpath("/etc/resolv.conf", NULL);
	char *slash = conf ? strrchr(conf, '/') : NULL;

	if (!slash || strncmp(conf, "/run/", 5) != 0)
		return;
	*slash = '\0';
	paths_allow(p, conf, PATHS_READ);
}

int
paths_enforce(struct paths *p)
{
	return (int)syscall(SYS_landlock_restrict_self, p->rules, 0);
}

void
paths_release(struct paths *p)
{
	if (p->rules >= 0)
		close(p->rules);
}
