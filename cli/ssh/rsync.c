#include "cli/ssh/rsync.h"

#include "base/auto.h"
#include "cli/ssh/ssh.h"

void
rsync_wary(struct argv *a)
{
	static const char *const words[] = { "--no-D", "--no-o", "--no-g", "--chmod=ug-s", "--safe-links" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		argv_add(a, words[i]);
}
