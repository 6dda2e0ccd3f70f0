/* macOS has no mount name spaces, so nobody can have a view: view_possible() says so, and who needs one refuses. */
#include "base/view.h"

#include <errno.h>

static int
view_refuse(void)
{
	errno = ENOTSUP;
	return -1;
}

bool
view_possible(void)
{
	return false;
}

int
view_begin(void)
{
	return view_refuse();
}

int
view_folder(int folder, const struct view *v)
{
	(void)folder, (void)v;
	return view_refuse();
}

int
view_cover(const char *path)
{
	(void)path;
	return view_refuse();
}
