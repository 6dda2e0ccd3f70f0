/*
 * cli/ssh/shell_env.h - which variables of the host `limactl shell --preserve-env` hands on.
 *
 * All but those that a block list names; an allow list makes exceptions. Patterns are whole
 * names in which * stands for any characters.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct error;

extern const char *const shell_env_blocked[];	/* the built-in list; NULL-terminated */

struct shell_env {
	const char **block, **allow;	/* NULL-terminated */
};

/* From $LIMA_SHELLENV_BLOCK ("+..." extends the built-in list) and $LIMA_SHELLENV_ALLOW; NULL or "": unset. */
int shell_env_lists(struct arena *a, const char *block, const char *allow, struct shell_env *out, struct error *err);
bool shell_env_passes(const struct shell_env *e, const char *name, size_t len);
