#include "base/view.h"

#include "base/path_rest.h"

const char *
view_path_below(const char *folder, const char *path)
{
	const char *rest = path_rest(path, folder);

	return rest && *rest && rest[1] ? rest + 1 : NULL;
}

bool
view_hides(const struct view *v, const char *path)
{
	for (size_t i = 0; i < v->nhidden; i++)
		if (view_path_below(path, v->hidden[i]))
			return true;
	return false;
}
