/* cli/ssh/copy_paths.h - the arguments of `limactl copy`: INSTANCE:PATH in a guest, or PATH here. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;

struct copy_path {
	const char *instance;	/* NULL: of this host */
	const char *path;
};

/* Split at the first colon; in `a`. */
struct copy_path copy_path_parse(struct arena *a, const char *arg);
/* How many lie in a guest. */
size_t copy_remotes(const struct copy_path *v, size_t n);
/*
 * rsync -r reads a slash at the end of a path otherwise than scp -r. Changes the
 * paths so that rsync does as scp would: from left to right, a path without a slash gets
 * one, a local one with a slash loses it, and a remote one with a slash takes it from
 * all others. lima-vm/lima: pkg/copytool/rsync.go.
 */
void copy_slashes(struct arena *a, struct copy_path *v, size_t n);
