#include "resources/at_stake.h"

#include <sys/stat.h>

enum { BLOCK = 512 };	/* of st_blocks, whatever the file system's are */

uint64_t
at_stake_in(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_blocks * BLOCK : 0;
}
