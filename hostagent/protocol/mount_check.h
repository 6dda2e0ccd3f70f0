/* hostagent/protocol/mount_check.h - did the guest mount the folders that are devices of it (9p, virtiofs)? */
#pragma once
#include <stddef.h>

struct buf;
struct launch_mount;

/*
 * Appends commands of a POSIX shell that define the function `shared`, which fails, with the reason in $why, if one
 * of the folders is not mounted: at once where the guest's kernel has no such file system, and else
 * after giving the guest 20 s and trying it once more. Uses the function `nap` of the script around it.
 */
void mount_check_define(struct buf *out, const struct launch_mount *v, size_t n);
/* A mount point as /proc/mounts writes it. */
void mount_escape(struct buf *out, const char *s);
