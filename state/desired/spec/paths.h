/* state/desired/spec/paths.h - paths as text: cleaning, joining, the home directory. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;

/* "a/../b//c/" to "b/c", "" to ".": as Go's path.Clean */
const char *path_clean(struct arena *a, const char *path);
/* A leading "~" or "~/" becomes `home`; "~user" stays. */
const char *path_expand_tilde(struct arena *a, const char *path, const char *home);
/* path_clean of "dir/name"; `name` if it is absolute */
const char *path_join(struct arena *a, const char *dir, const char *name);
const char *path_dir(struct arena *a, const char *path);	/* up to the last slash; "." without one */
const char *path_base(const char *path);
