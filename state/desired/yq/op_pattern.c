/* Texts by patterns: replaced, found, taken apart. */
#include <string.h>

#include "state/desired/yq/ops.h"

static const struct ynode *
text_argument(struct eval *e, const struct context *c, struct expr *x)
{
	struct context r = expr_run(e, context_read_only(e, c), x);

	return r.at->n ? r.at->v[0] : ynode_text(e, "", 0);
}

RUN(sub)
{
	const struct ynode *pattern, *by;
	struct nodes *out = nodes_new(e), *r;
	struct regex *re;

	if (x->rhs->op != &op_block && x->rhs->op != &op_union)
		eval_fail(e, "column %u: expected `sub(PATTERN; BY)`", x->at + 1);
	pattern = text_argument(e, &c, x->rhs->lhs);
	r = expr_run(e, c, x->rhs->rhs).at;
	by = r->n ? r->v[0] : ynode_text(e, "", 0);
	re = regex_open(e, pattern->value, pattern->len);
	for (size_t i = 0; i < c.at->n; i++) {
		const char *s;
		size_t len;

		need_text(e, c.at->v[i], "substitute");
		s = regex_replace(e, re, c.at->v[i], by->value, &len);
		nodes_push(e, out, ynode_replace_text(e, c.at->v[i], s, len));
	}
	return context_with(e, &c, out);
}

struct pattern {
	struct regex *re;
	bool all;
};

static struct pattern
pattern_of(struct eval *e, const struct context *c, struct expr *x)
{
	struct pattern p = { 0 };
	const struct ynode *text;
	const char *flags = "";

	if (x->rhs->op == &op_block) {
		struct nodes *r = expr_run(e, *c, x->rhs->rhs).at;

		flags = r->n ? r->v[0]->value : "";
		text = text_argument(e, c, x->rhs->lhs);
	} else {
		text = text_argument(e, c, x->rhs);
	}
	p.all = strchr(flags, 'g');
	if (strchr(flags, 'i'))
		eval_fail(e, "'i' is not a valid option for match. To ignore case, use an expression like match(\"(?i)cat\")");
	if (flags[strspn(flags, "g")])
		eval_fail(e, "unrecognised match params '%s'", flags);
	p.re = regex_open(e, text->value, text->len);
	return p;
}

static void
field_add(struct eval *e, struct ynode *map, const char *key, struct ynode *value)
{
	ynode_add_pair(e, map, ynode_text(e, key, strlen(key)), value);
}

/* text, offset and length of a group; offset -1: it took no part */
static void
group_add(struct eval *e, struct ynode *map, const struct ynode *s, const long *at, const char *name)
{
	size_t len = at[0] < 0 ? 0 : (size_t)(at[1] - at[0]);

	if (at[0] < 0)
		field_add(e, map, "string", ynode_new(e, Y_SCALAR, "!!null", "null"));
	else
		field_add(e, map, "string", ynode_text(e, eval_dup(e, s->value + at[0], len), len));
	field_add(e, map, "offset", ynode_int(e, at[0] < 0 ? -1 : at[0]));
	field_add(e, map, "length", ynode_int(e, (long long)len));
	if (*name)
		field_add(e, map, "name", ynode_text(e, name, strlen(name)));
}

static struct ynode *
match_node(struct eval *e, struct ynode *s, const struct regex *re, const struct match *m)
{
	struct ynode *map = ynode_replace_new(e, s, Y_MAP, "!!map", ""), *groups = ynode_new(e, Y_SEQ, "", "");

	group_add(e, map, s, m->at, "");
	for (size_t g = 1; g < m->n; g++) {
		struct ynode *one = ynode_new(e, Y_MAP, "", "");

		group_add(e, one, s, m->at + 2 * g, regex_group_name(e, re, g));
		ynode_add(e, groups, one);
	}
	field_add(e, map, "captures", groups);
	return map;
}

static struct ynode *
capture_node(struct eval *e, struct ynode *s, const struct regex *re, const struct match *m)
{
	struct ynode *map = ynode_replace_new(e, s, Y_MAP, "!!map", "");

	for (size_t g = 1; g < m->n; g++) {
		const long *at = m->at + 2 * g;
		size_t len = at[0] < 0 ? 0 : (size_t)(at[1] - at[0]);

		field_add(e, map, regex_group_name(e, re, g),
			  at[0] < 0 ? ynode_new(e, Y_SCALAR, "!!null", "null") : ynode_text(e, eval_dup(e, s->value + at[0], len), len));
	}
	return map;
}

static struct context
matches_run(struct eval *e, struct context c, struct expr *x,
	    struct ynode *(*make)(struct eval *e, struct ynode *s, const struct regex *re, const struct match *m))
{
	struct pattern p = pattern_of(e, &c, x);
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct match *m;
		size_t n;

		need_text(e, c.at->v[i], "match");
		n = regex_all(e, p.re, c.at->v[i], p.all, &m);
		for (size_t k = 0; k < n; k++)
			nodes_push(e, out, make(e, c.at->v[i], p.re, &m[k]));
	}
	return context_with(e, &c, out);
}

RUN(match)
{
	return matches_run(e, c, x, match_node);
}

RUN(capture)
{
	return matches_run(e, c, x, capture_node);
}

RUN(test)
{
	struct pattern p = pattern_of(e, &c, x);
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct match m;

		need_text(e, c.at->v[i], "match");
		nodes_push(e, out, ynode_bool(e, c.at->v[i], regex_match(e, p.re, c.at->v[i], 0, &m)));
	}
	return context_with(e, &c, out);
}
