#include "base/path_rest.h"

#include <string.h>

const char *
path_rest(const char *path, const char *top)
{
	size_t n = strlen(top);

	if (!n)
		return NULL;
	while (n && top[n - 1] == '/')
		n--;
	if (strncmp(path, top, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	/* All is in "/", which is what is left of itself. */
	return !n && !path[1] ? path + strlen(path) : path + n;
}
