/*
 * What a process may still do, on macOS: nothing here takes anything away for good. sandbox_init(3) is deprecated, not for a child after fork(),
 * and its language is not documented; so there are no walls, and each says that it is not there. Limits of sizes hold.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/paths.h"
#include "base/privilege.h"
#include "base/sandbox.h"
#include "base/seccomp.h"
#include "base/syscalls.h"

uint64_t
privilege_now(void)
{
	return 0;
}

/* An ordinary user has nothing to give up. Root has everything, and would keep it: so whoever serves a guest does not begin as root. */
int
privilege_keep(uint64_t keep)
{
	(void)keep;
	if (geteuid() != 0)
		return 0;
	errno = ENOTSUP;
	return -1;
}

void
privilege_no_new(void)
{
}

bool
privilege_can_become(unsigned uid)
{
	return geteuid() == 0 || uid == geteuid();
}

bool
paths_begin(struct paths *p)
{
	p->rules = -1;
	return false;
}

bool
paths_begin_signaller(struct paths *p)
{
	return paths_begin(p);
}

bool
paths_can_move(const struct paths *p)
{
	(void)p;
	return false;
}

int
paths_allow(struct paths *p, const char *path, unsigned access)
{
	(void)p, (void)path, (void)access;
	errno = ENOTSUP;
	return -1;
}

void
paths_allow_resolver(struct paths *p)
{
	(void)p;
}

int
paths_enforce(struct paths *p)
{
	return paths_allow(p, "/", 0);
}

void
paths_release(struct paths *p)
{
	p->rules = -1;
}

bool
syscalls_possible(void)
{
	return false;
}

int
syscalls_keep(const int *calls, size_t n, int refusal)
{
	(void)calls, (void)n, (void)refusal;
	return 0;
}

int
syscalls_lose(const int *calls, size_t n, int refusal)
{
	return syscalls_keep(calls, n, refusal);
}

int
syscalls_lose_set_id(void)
{
	return 0;
}

int
seccomp_compute(void)
{
	return 0;
}

int
seccomp_keep_to_itself(void)
{
	return 0;
}

int
sandbox_rules(const struct sandbox *s, const char *program, struct error *err)
{
	(void)s, (void)program, (void)err;
	return -2;
}

static int
limit_set(int what, uint64_t bytes)
{
	struct rlimit now, want = { bytes, bytes };

	if (getrlimit(what, &now) < 0 || now.rlim_max < bytes)
		return 0;
	return setrlimit(what, &want);
}

/* RLIMIT_AS is there and not kept (setrlimit(2)), so memory has no bound. */
int
sandbox_enter(const struct sandbox *s, int rules)
{
	(void)rules;
	signal(SIGXFSZ, SIG_IGN);
	return limit_set(RLIMIT_CORE, 0) < 0 || (s->max_file_bytes && limit_set(RLIMIT_FSIZE, s->max_file_bytes) < 0) ? -1 : 0;
}
