/*
 * cli/plan/plan_file.h - a plan as a file: `plan --out FILE`, `show FILE`, `apply FILE`.
 *
 * One line, "limactl-plan VERSION SHA256 LENGTH", and as many bytes of JSON with that digest, an object:
 *
 *	format_version, limactl_version, made (UTC), home, cwd
 *	words		the command line that was planned: flags, `--`, arguments; without what is secret
 *	secret_params	names of parameters whose values have to be given again
 *	text		the plan, as it was shown
 *	plan		the same as `plan --json` has it
 *	expect		what it rests on (plan_expect.h)
 *
 * The digest tells a file that was cut or damaged; who made it is told by its owner, so a file of somebody else, or one that
 * others can write, is refused: what is in it is carried out.
 */
#pragma once
#include <stdbool.h>

struct cJSON;
struct error;

/* Does an ordinary file of that name begin like one? */
bool plan_file_is(const char *path);
/* Mode 0600, whole or not at all. */
int plan_file_write(const char *path, const struct cJSON *body, struct error *err);
/* `body` to be freed with cJSON_Delete(). ERR_UNSUPPORTED: one of a newer program. */
int plan_file_read(const char *path, struct cJSON **body, struct error *err);
