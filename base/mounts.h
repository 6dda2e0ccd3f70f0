/* base/mounts.h - what is mounted on this host. */
#pragma once
#include <stdbool.h>

/*
 * Is there a drive that may hang: one that a server, near or far, has to answer for (FUSE, NFS, ...)? Those that `path`
 * itself is on do not count, and neither do the system's own. `mountinfo`: as /proc/self/mountinfo (proc(5)) has it; NULL: that.
 */
bool mounts_may_hang(const char *path, const char *mountinfo);
