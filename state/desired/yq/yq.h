/*
 * state/desired/yq/yq.h - expressions of yq, over JSON.
 *
 * They run in libjq, after what yq spells otherwise has been put in jq's words. What
 * reads the environment, files or runs programs is refused. In the lazily loaded half.
 *
 * libjq itself has no bounds, so it runs in a child: 3 s of the processor for each input,
 * 32 MiB of memory (more if the input is large), a million results of 32 MiB together.
 */
#pragma once
#include <stddef.h>

struct buf;
struct error;

/* Calls `each` with every result, as JSON (compact). Its -1 ends the evaluation. */
int yq_eval(const char *json, const char *expr, int (*each)(void *ctx, const char *result, struct error *err), void *ctx,
	    struct error *err);
/* The same in steps, for many inputs: compiling takes libjq some 40 ms, running microseconds. NULL: a bad expression. */
struct yq;
struct yq *yq_open(const char *expr, struct error *err);
/* Its results are where those of `expr` come from: ["a",0]. Running it fails where they are made rather than found. */
struct yq *yq_open_paths(const char *expr, struct error *err);
int yq_run(struct yq *q, const char *json, int (*each)(void *ctx, const char *result, struct error *err), void *ctx,
	   struct error *err);
void yq_close(struct yq *q);
/* yq.c's translation, by itself (yq_words.c) */
int yq_translate(struct buf *out, const char *expr, struct error *err);
