/* state/desired/yq/run.h - what the ways to run an expression share; for yq.c and documents.c only. */
#pragma once
#include "base/mem.h"
#include "state/desired/yq/eval.h"

struct yq {
	char *shown;		/* of the expression, for messages: its beginning, on one line */
	enum yq_flags flags;
	struct arena arena;	/* of the parsed expression */
	struct expr *expr;
};

/* One evaluation, and what it needs. */
struct run {
	struct yq *q;
	const struct yq_style *style;
	const struct yq_input *in;
	size_t n_in;
	unsigned file;
	struct yq_result *result;
	const char *json;
	const struct node *node;
	struct nodes *results;
	struct text out;
	bool data_ok;
};

/* Calls `step` within the bounds for an input of so many bytes; what it makes is in `a`. -1: it failed, and the message quotes the expression. */
int run_guard(struct run *r, void (*step)(struct eval *e, void *ctx), struct arena *a, size_t input, struct error *err);
struct nodes *expr_evaluate(struct eval *e, struct yq *q, struct nodes *at);
