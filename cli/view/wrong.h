/*
 * cli/view/wrong.h - of the instances that were left out of a plan.
 */
#pragma once

struct buf;
struct cJSON;
struct cli;
struct engine;
struct error;

/* In the plan: a line for each of which nothing is known, since it did not answer. */
void wrong_text(struct buf *out, const struct engine *e);
/* As "errors" of it, if there are any. */
void wrong_json(struct cJSON *root, const struct engine *e);
/* Each with its reason, to the log; the command fails: -1. */
int wrong_say(struct cli *c, const struct engine *e, struct error *err);
