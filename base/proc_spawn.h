/* base/proc_spawn.h - how base/proc.c begins a program. Nobody else's. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct error;
struct sandbox;

struct spawn {
	const char *const *argv;
	const char *const *env_add;	/* over our environment; or NULL */
	char *const *env;		/* in place of ours; or NULL */
	int in, out, err;		/* its descriptors 0 to 2, none of ours below 3; in -1: /dev/null */
	bool session;			/* its own; else its own group in ours */
	const struct sandbox *sandbox;	/* or NULL */
};

/* Default signals, and nothing else of ours. A failed exec is reported here. */
int spawn_program(const struct spawn *s, pid_t *pid, struct error *err);
