/* cli/plan/plan_save.h - a plan that was made: kept in a file, and held against what is planned when it is walked. */
#pragma once
#include "cli/run.h"

struct cJSON;
struct error;

/* Writes the plan of `e` to r->out. */
int plan_save(struct cli *c, const struct run *r, struct engine *e, struct error *err);
/* Is the plan of `e` the one that is in the file? ERR_STALE: it is not, and what has moved was said. */
int plan_check(struct cli *c, const struct cJSON *body, const struct engine *e, struct error *err);
