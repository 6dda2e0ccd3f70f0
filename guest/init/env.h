/*
 * guest/init/env.h - NAME=VALUE lines as they stand on cidata: lima.env, param.env, etc_environment.
 *
 * The text comes from outside and may be anything: lines that are no assignment are
 * skipped and counted, values are taken as they are. Nothing here touches the system.
 */
#pragma once
#include <stddef.h>

struct env {
	char **v;		/* "NAME=VALUE", NULL-terminated: fit for execve() */
	size_t n, cap;
};

enum { ENV_MAX = 4096 };	/* variables; more are skipped */

void env_release(struct env *e);
/* Adds or replaces; `name` must be a name. */
void env_set(struct env *e, const char *name, const char *value);
/* Adds or replaces each "NAME=VALUE" of `from`. */
void env_merge(struct env *e, const struct env *from);
/* NULL when absent. Valid until the next change. */
const char *env_get(const struct env *e, const char *name);
/* As env_get, "" when absent. */
const char *env_str(const struct env *e, const char *name);
/* A decimal number in min..max, else `otherwise`. */
unsigned long env_num(const struct env *e, const char *name, unsigned long min, unsigned long max, unsigned long otherwise);

/* One assignment a line, no quoting (lima.env, param.env). Returns how many lines were skipped. */
size_t env_parse(struct env *e, const char *text, size_t len);
/*
 * As pam_env reads /etc/environment: leading blanks and one "export " go, '#' begins
 * a comment, one pair of quotes round the value goes. Returns how many lines were skipped.
 */
size_t env_parse_pam(struct env *e, const char *text, size_t len);
