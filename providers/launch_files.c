#include "providers/launch_files.h"

#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/privilege.h"
#include "providers/launch.h"

static unsigned
file_access(const char *letters)
{
	static const struct {
		char letter;
		unsigned access;
	} meanings[] = {
		{ LAUNCH_FILE_READ, PATHS_READ }, { LAUNCH_FILE_WRITE, PATHS_WRITE }, { LAUNCH_FILE_MAKE, PATHS_MAKE | PATHS_MAKE_FIFOS },
		{ LAUNCH_FILE_SOCKETS, PATHS_MAKE_SOCKETS }, { LAUNCH_FILE_EXECUTE, PATHS_EXECUTE },
	};
	unsigned access = 0;

	for (const char *p = letters; *p && *p != ' '; p++)
		for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
			access |= meanings[i].letter == *p ? meanings[i].access : 0;
	return access;
}

int
launch_files_confine(const char *const *files, size_t nfiles)
{
	AUTO(paths) p = PATHS_INIT;

	if (!nfiles || !paths_begin(&p) || !paths_can_move(&p))
		return 0;
	for (size_t i = 0; i < nfiles; i++)
		if (strchr(files[i], ' '))
			paths_allow(&p, strchr(files[i], ' ') + 1, file_access(files[i]));
	privilege_no_new();
	return paths_enforce(&p);
}
