/*
 * cli/plugins.h - programs named limactl-NAME, which are commands: `limactl NAME ...`.
 *
 * They are looked for beside the program (as it was called, and as it is), in PATH, and in
 * PREFIX/libexec/lima and PREFIX/lib/lima; the first of a name counts.
 */
#pragma once
#include <stddef.h>
#include "cli/cli.h"

struct error;

struct plugin {
	const char *name, *path;
	const char *about;	/* of <limactl-desc>...</limactl-desc> in a script; "" */
};

/* Sorted by name; all in c->arena. */
struct plugin *plugins_list(struct cli *c, size_t *n);
/* Path of one, in c->arena; NULL: none. */
const char *plugins_find(struct cli *c, const char *name);
/* The folders, in order; NULL-terminated, in c->arena. */
const char *const *plugins_path(struct cli *c);
/* Becomes the plugin, with `args` (NULL-terminated) and PATH set to the folders. Returns only on failure. */
int plugins_exec(struct cli *c, const char *path, char *const *args, struct error *err);
