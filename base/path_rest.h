/* base/path_rest.h - which path is in which folder, by their names alone. */
#pragma once

/*
 * What of `path` comes behind the folder `top`: "" if it is that itself, "/a/b" if it is in there; NULL: it is neither, or `top` is "".
 * Both are absolute and without `.` and `..`; slashes at the end of `top` do not count. A part of `path`.
 */
const char *path_rest(const char *path, const char *top);
