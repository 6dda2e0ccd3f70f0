#include "hostagent/mount/confine.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/paths.h"
#include "base/privilege.h"

enum { EXIT_CONFINE = 125, EXIT_EXEC = 127 };

bool
confine_possible(void)
{
	AUTO(paths) p = PATHS_INIT;

	return paths_begin(&p);
}

static unsigned
access_to(bool writable)
{
	return PATHS_READ | (writable ? PATHS_WRITE | PATHS_MAKE : 0);
}

void
confine_to(const char *folder, bool writable)
{
	AUTO(paths) p = PATHS_INIT;

	if (!paths_begin(&p) || !paths_can_move(&p))
		return;
	if (paths_allow(&p, folder, access_to(writable)) == 0)
		paths_enforce(&p);
}

/* The folder, and what a program needs to start and to know users by name. -1: it could not be done. */
static int
mount_confine_confine(const char *folder, bool writable)
{
	static const char *const programs[] = { "/usr", "/lib", "/lib32", "/lib64", "/nix/store" };
	static const char *const files[] = { "/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime" };
	AUTO(paths) p = PATHS_INIT;

	if (!paths_begin(&p))
		return 0;
	if (paths_allow(&p, folder, access_to(writable)) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		paths_allow(&p, programs[i], PATHS_READ | PATHS_EXECUTE);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		paths_allow(&p, files[i], PATHS_READ);
	paths_allow(&p, "/dev/null", PATHS_READ | PATHS_WRITE);
	return paths_enforce(&p);
}

int
confine_main(char **argv)
{
	if (!argv[1] || !argv[2] || !argv[3])
		return EXIT_CONFINE;
	if (privilege_keep(0) < 0 || mount_confine_confine(argv[2], strcmp(argv[1], "rw") == 0) < 0)
		return EXIT_CONFINE;
	execv(argv[3], argv + 3);
	return EXIT_EXEC;
}
