/* cli/view/plan_view.h - a plan as it is shown, in text and in JSON, with all that is told beside its steps. */
#pragma once
#include <stdbool.h>
#include "cli/run.h"

struct buf;
struct cJSON;

/* On stdout, as the command was told: --json. */
void plan_view_print(struct cli *c, const struct run *r, struct engine *e);
/* Appends the text, without the files that it is of. */
void plan_view_text(struct cli *c, const struct run *r, struct engine *e, bool color, struct buf *out);
/* To be freed with cJSON_Delete(). */
struct cJSON *plan_view_json(struct cli *c, const struct run *r, struct engine *e);
