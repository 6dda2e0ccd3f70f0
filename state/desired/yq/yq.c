#include "state/desired/yq/yq.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "state/desired/yq/bridge.h"
#include "state/desired/yq/formats.h"
#include "state/desired/yq/ops.h"
#include "state/desired/yq/run.h"

enum { MAX_EXPR = 128 << 10, SHOWN = 200, INPUT_FACTOR = 400 };

/* --- bounds, and where errors land */

static void
eval_begin(struct eval *e, struct arena *a, size_t input, enum yq_flags flags)
{
	*e = (struct eval){ .arena = a, .limit = ((size_t)EVAL_MEMORY_MIB << 20) + input * INPUT_FACTOR, .may_env = flags & YQ_MAY_ENV,
			    .strict = flags & YQ_STRICT, .texts = { 2, true, true } };
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &e->end);
	e->end.tv_sec += EVAL_SECONDS + (time_t)(input >> 20);	/* reading takes its time, too */
}

/* Calls `step` and comes back whatever it does; -1: it failed. */
static int
eval_guard(struct eval *e, void (*step)(struct eval *e, void *ctx), void *ctx)
{
	jmp_buf *outer = e->out, here;
	volatile int rc = -1;

	e->out = &here;
	if (setjmp(here) == 0) {
		step(e, ctx);
		rc = 0;
	}
	e->out = outer;
	return rc;
}

static void
step_parse(struct eval *e, void *ctx)
{
	struct yq *q = ctx;

	q->expr = expr_parse(e, q->shown);
}

static void
expr_shorten(struct yq *q)
{
	if (strlen(q->shown) > SHOWN)
		strcpy(q->shown + SHOWN, "...");
	for (char *p = q->shown; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)	/* a message is one line */
			*p = ' ';
}

/* control characters of a message, which may quote what a stranger wrote */
static void
message_one_line(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = ' ';
}

struct yq *
yq_open(const char *expr, enum yq_flags flags, struct error *err)
{
	struct yq *q;
	struct eval e;

	if (strlen(expr) > MAX_EXPR) {
		error_set(err, ERR_INVALID, "the expression has more than 128 KiB");
		return NULL;
	}
	q = xcalloc(1, sizeof *q);
	q->shown = xasprintf("%s....", expr);	/* room for the dots */
	q->shown[strlen(expr)] = '\0';
	q->flags = flags;
	eval_begin(&e, &q->arena, strlen(expr), flags);
	if (eval_guard(&e, step_parse, q) == 0) {
		expr_shorten(q);
		return q;
	}
	expr_shorten(q);
	message_one_line(e.why.msg);
	error_set(err, ERR_INVALID, "bad expression: `%s`: %s", q->shown, e.why.msg);
	yq_close(q);
	return NULL;
}

void
yq_close(struct yq *q)
{
	if (!q)
		return;
	arena_release(&q->arena);
	free(q->shown);
	free(q);
}

void
yq_list_words(struct buf *out)
{
	for (const struct yq_word *w = yq_words; w->pattern; w++) {
		const char *p = w->pattern;
		size_t from = out->len;

		/* the first way to write it, with what may be left out */
		for (; *p && *p != '|' && *p != '#'; p++) {
			p += *p == '\\';
			if (*p != '?' && *p != '~')
				buf_addc(out, *p);
		}
		if (p == w->pattern)	/* the pipe itself */
			buf_adds(out, "|");
		buf_adds(out, *p == '#' ? "N)" : "");
		buf_addf(out, "%*s %s", (int)(out->len - from < 18 ? 18 - (out->len - from) : 0), "", w->about);
		if (w->example)
			buf_addf(out, ":  %s", w->example);
		buf_addc(out, '\n');
	}
}

int
run_guard(struct run *r, void (*step)(struct eval *e, void *ctx), struct arena *a, size_t input, struct error *err)
{
	struct eval e;

	eval_begin(&e, a, input, r->q->flags);
	if (r->style) {
		e.texts.indent = r->style->indent;
		e.texts.unwrap = r->style->unwrap;
		e.texts.separators = !r->style->no_doc;
	}
	if (eval_guard(&e, step, r) == 0)
		return 0;
	message_one_line(e.why.msg);
	if (e.why.code == ERR_REFUSED || e.input_is_bad)
		return error_set(err, ERR_INVALID, "%s", e.why.msg);
	return error_set(err, ERR_INVALID, "`%s`: %s", r->q->shown, e.why.msg);
}

struct nodes *
expr_evaluate(struct eval *e, struct yq *q, struct nodes *at)
{
	struct context c = { .at = at };

	return expr_run(e, c, q->expr).at;
}

/* --- on JSON */

static void
yq_step_json(struct eval *e, void *ctx)
{
	struct run *r = ctx;
	size_t used = 0, len = strlen(r->json);
	struct ynode *n = json_read(e, r->json, len, &used, true);
	struct nodes *at = nodes_new(e);

	if (!n || r->json[used + strspn(r->json + used, " \t\r\n")])
		eval_fail(e, "the input is no JSON");
	nodes_push(e, at, n);
	r->results = expr_evaluate(e, r->q, at);
	r->out = (struct text){ .e = e };
	for (size_t i = 0; i < r->results->n; i++) {
		json_print(&r->out, r->results->v[i], 0);
		text_add(&r->out, "", 1);	/* NUL between results */
	}
	text_end(&r->out);
}

int
yq_run(struct yq *q, const char *json, int (*each)(void *ctx, const char *result, struct error *err), void *ctx, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct run r = { .q = q, .json = json };
	struct error why = { 0 };

	if (run_guard(&r, yq_step_json, &a, strlen(json), err) < 0)
		return -1;
	for (const char *p = r.out.s; p < r.out.s + r.out.len; p += strlen(p) + 1)
		if (each(ctx, p, &why) < 0)
			return error_set(err, why.code, "`%s`: %s", q->shown, why.msg);
	return 0;
}

int
yq_eval(const char *json, const char *expr, int (*each)(void *ctx, const char *result, struct error *err), void *ctx, struct error *err)
{
	struct yq *q = yq_open(expr, 0, err);
	int rc = q ? yq_run(q, json, each, ctx, err) : -1;

	yq_close(q);
	return rc;
}

/* --- on a tree */

static void
step_node(struct eval *e, void *ctx)
{
	struct run *r = ctx;
	struct nodes *at = nodes_new(e);

	nodes_push(e, at, ynode_of_node(e, r->node));
	r->results = expr_evaluate(e, r->q, at);
	for (size_t i = 0; i < r->results->n; i++)
		ynode_explode(e, r->results->v[i]);
}

int
yq_on_node(struct yq *q, struct arena *a, const struct node *in, struct node ***out, size_t *n, struct error *err)
{
	AUTO(arena) own = { 0 };
	struct run r = { .q = q, .node = in };

	if (run_guard(&r, step_node, &own, node_bytes(in), err) < 0)
		return -1;
	*n = 0;
	*out = arena_alloc(a, (r.results->n + 1) * sizeof **out);
	for (size_t i = 0; i < r.results->n; i++)
		if (!i || r.results->v[i] != r.results->v[i - 1])	/* `.a = 1, .b = 2, .c = 3` is the same document, again and again */
			(*out)[(*n)++] = node_of_ynode(a, r.results->v[i]);
	return 0;
}
