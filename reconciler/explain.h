/*
 * reconciler/explain.h - a plan, said to people and to programs.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "reconciler/plan.h"

struct buf;
struct cJSON;

struct plan_counts {
	size_t create, change, remake, remove;
};

/* "create", "change", "remake", "remove"; "none" */
const char *sign_word(enum sign s);
void plan_count(const struct plan *p, struct plan_counts *out);

/*
 * Each resource: sign, type, name and why, and a line for each difference, which is told once in a plan; in the order of
 * the walk, and a closing line with the counts.
 */
void explain_plan(struct buf *out, const struct plan *p, bool color);
/* Differences that do nothing now, for who does not show the plan: a line each. */
void explain_moot(const struct plan *p, void (*say)(void *ctx, const char *line), void *ctx);
/* The closing line's words: "2 to create, 1 to change" */
void explain_counts(struct buf *out, const struct plan_counts *n);
/* The same as JSON (docs/plan.schema.json), with what in `g` was not found as it was left; to cJSON_Delete(). */
struct cJSON *explain_json(const struct plan *p, const struct graph *g);
