#include "base/sandbox.h"

#include <errno.h>
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
#include "base/paths.h"
#include "base/privilege.h"
#include "base/seccomp.h"

/* What a program needs to start: its libraries, and where to look for them. */
static const char *const program_paths[] = { "/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/ld.so.cache", NULL };

static int
rules_add(struct paths *rules, const char *const *paths, unsigned access, struct error *err)
{
	for (size_t i = 0; paths && paths[i]; i++)
		if (paths_allow(rules, paths[i], access) < 0)
			return error_errno(err, "allow %s", paths[i]);
	return 0;
}

/* The program itself, and the libraries of one that lives elsewhere: /opt/x/bin/x and /opt/x/lib. */
static void
rules_add_program(struct paths *rules, const char *program)
{
	static const char *const libraries[] = { "lib", "lib64" };
	auto_free char *real = fs_realpath(program), *top = xstrdup(real);

	for (size_t i = 0; program_paths[i]; i++)
		paths_allow(rules, program_paths[i], PATHS_READ | PATHS_EXECUTE);
	paths_allow(rules, program, PATHS_READ | PATHS_EXECUTE);
	paths_allow(rules, "/dev/null", PATHS_READ | PATHS_WRITE);
	for (int up = 0; up < 2 && strrchr(top, '/'); up++)
		*strrchr(top, '/') = '\0';
	for (size_t i = 0; i < ARRAY_LEN(libraries) && *top; i++) {
		auto_free char *path = xasprintf("%s/%s", top, libraries[i]);

		paths_allow(rules, path, PATHS_READ | PATHS_EXECUTE);
	}
}

int
sandbox_rules(const struct sandbox *s, const char *program, struct error *err)
{
	AUTO(paths) p = PATHS_INIT;

	if (!paths_begin(&p))
		return -2;
	if (program)
		rules_add_program(&p, program);
	if (rules_add(&p, s->readable, PATHS_READ, err) < 0 || rules_add(&p, s->writable, PATHS_READ | PATHS_WRITE, err) < 0)
		return -1;
	return steal_fd(p.rules);
}

static int
bound_set(__rlimit_resource_t what, uint64_t bytes)
{
	struct rlimit now, want = { bytes, bytes };

	if (!bytes || getrlimit(what, &now) < 0)
		return 0;
	/* A limit that is stricter already stays. */
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < bytes)
		return 0;
	return setrlimit(what, &want);
}

/* Root's program opens what it was given whoever owns it, as that of a volume; for all else it is nobody. */
static uint64_t
sandbox_capabilities(const struct sandbox *s)
{
	return s->computes ? 0 : CAP(CAP_DAC_OVERRIDE) | CAP(CAP_DAC_READ_SEARCH);
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
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || privilege_keep(sandbox_capabilities(s)) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
	    bound_set(RLIMIT_FSIZE, s->max_file_bytes) < 0 || bound_set(RLIMIT_AS, memory) < 0)
		return -1;
	if (rules >= 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return -1;
	return s->computes ? seccomp_compute() : seccomp_keep_to_itself();
}
