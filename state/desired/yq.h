/*
 * state/desired/yq.h - expressions of yq, over JSON.
 *
 * They run in libjq, after what yq spells otherwise has been put in jq's words. What
 * reads the environment, files or runs programs is refused. In the lazily loaded half.
 */
#pragma once
#include <stddef.h>

struct buf;
struct error;

/* Calls `each` with every result, as JSON (compact). Its -1 ends the evaluation. */
int yq_eval(const char *json, const char *expr, int (*each)(void *ctx, const char *result, struct error *err), void *ctx,
	    struct error *err);
/* yq.c's translation, by itself (yq_words.c) */
int yq_translate(struct buf *out, const char *expr, struct error *err);
