/* Texts. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "base/quote/quote.h"
#include "state/desired/yq/ops.h"

#define RUN(name) struct context run_##name(struct eval *e, struct context c, struct expr *x)
RUN(string);
RUN(to_string);
RUN(trim);
RUN(change_case);
RUN(join);
RUN(split);
RUN(sub);
RUN(match);
RUN(capture);
RUN(test);
RUN(env);
RUN(envsubst);

static void
op_text_need(struct eval *e, const struct ynode *n, const char *verb)
{
	if (strcmp(ynode_meaning(e, n), "!!str") != 0)
		eval_fail(e, "cannot %s %s, can only %s strings. Hint: Most often you'll want to use '|=' over '=' for this operation", verb,
			  n->tag, verb);
}

/* --- "\( )" */

static void
interpolate_one(struct eval *e, const struct context *c, const char *expr, struct text *out)
{
	struct context r = expr_run(e, *c, expr_parse(e, expr));
	struct ynode *n = nodes_first(r.at);
	struct text yaml = { .e = e };

	if (!n)
		return;
	if (n->kind == Y_SCALAR) {
		text_add(out, n->value, n->len);
		return;
	}
	yaml_print(&yaml, n, 2);
	while (yaml.len && yaml.s[yaml.len - 1] == '\n')
		yaml.len--;
	text_add(out, text_end(&yaml), yaml.len);
}

static struct ynode *
op_text_interpolate(struct eval *e, const struct context *c, const struct ynode *s)
{
	struct text t = { .e = e }, expr = { .e = e };
	int depth = 0;
	bool in = false;

	for (size_t i = 0; i < s->len; i++) {
		char ch = s->value[i], next = i + 1 < s->len ? s->value[i + 1] : '\0';

		if (!in && ch == '\\' && next == '(') {
			in = true;
			i++;
		} else if (!in) {
			i += ch == '\\' && next == '\\';
			text_addc(&t, ch);
		} else if (ch == ')' && !depth) {
			interpolate_one(e, c, text_end(&expr), &t);
			expr = (struct text){ .e = e };
			in = false;
		} else {
			depth += ch == '(' ? 1 : ch == ')' ? -1 : 0;
			if (ch == '\\' && (next == ')' || next == '\\'))
				ch = s->value[++i];
			text_addc(&expr, ch);
		}
	}
	if (in)		/* never closed: it is no expression */
		return ynode_text(e, s->value, s->len);
	text_end(&t);
	return ynode_text(e, t.s, t.len);
}

RUN(string)
{
	struct nodes *out = nodes_new(e);

	if (!c.at->n)
		return context_one(e, &c, op_text_interpolate(e, &c, x->value));
	for (size_t i = 0; i < c.at->n; i++) {
		struct context one = context_one(e, &c, c.at->v[i]);

		nodes_push(e, out, op_text_interpolate(e, &one, x->value));
	}
	return context_with(e, &c, out);
}

RUN(to_string)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i], *s;
		struct text t = { .e = e };

		if (n->kind == Y_SCALAR) {
			text_add(&t, n->value, n->len);
		} else {
			yaml_print(&t, n, 2);
			while (t.len && t.s[t.len - 1] == '\n')
				t.len--;
		}
		text_end(&t);
		t.s[t.len] = '\0';
		s = ynode_replace_text(e, n, t.s, t.len);
		if (!ynode_has_tag(n, "!!str"))
			s->style = Y_DOUBLE;
		nodes_push(e, out, s);
	}
	return context_with(e, &c, out);
}

static bool
is_space(uint32_t r)
{
	return (r && r < 0x80 && strchr(" \t\n\v\f\r", (int)r)) || r == 0x85 || r == 0xa0 || r == 0x1680 || (r >= 0x2000 && r <= 0x200a) ||
	       r == 0x2028 || r == 0x2029 || r == 0x202f || r == 0x205f || r == 0x3000;
}

RUN(trim)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i], *s;
		size_t from = 0, to = 0, w;
		bool begun = false, bad = false;

		op_text_need(e, n, "trim");
		for (size_t k = 0; k < n->len; k += w) {
			uint32_t r = 0;

			w = n->value[k] ? utf8_next(n->value + k, &r, &bad) : 1;
			if (is_space(r))
				continue;
			from = begun ? from : k;
			begun = true;
			to = k + w;
		}
		s = ynode_replace_text(e, n, eval_dup(e, n->value + from, to - from), to - from);
		s->tag = n->tag;
		s->style = n->style;
		nodes_push(e, out, s);
	}
	return context_with(e, &c, out);
}

/* The other case of a letter, for scripts that have two; libc knows them by the locale only, which is nobody's here. */
static uint32_t
rune_case(uint32_t r, bool upper)
{
	if (r < 0x80)
		return (uint32_t)(upper ? toupper((int)r) : tolower((int)r));
	if (upper && ((r >= 0xe0 && r <= 0xfe && r != 0xf7) || (r >= 0x3b1 && r <= 0x3c9 && r != 0x3c2) || (r >= 0x430 && r <= 0x44f)))
		return r - 0x20;
	if (!upper && ((r >= 0xc0 && r <= 0xde && r != 0xd7) || (r >= 0x391 && r <= 0x3a9 && r != 0x3a2) || (r >= 0x410 && r <= 0x42f)))
		return r + 0x20;
	if (upper && r >= 0x450 && r <= 0x45f)
		return r - 0x50;
	if (!upper && r >= 0x400 && r <= 0x40f)
		return r + 0x50;
	if (r == 0xff && upper)
		return 0x178;
	if ((r >= 0x100 && r <= 0x137) || (r >= 0x14a && r <= 0x177))	/* pairs, the capital first */
		return r == 0x130 || r == 0x131 ? r : upper ? r & ~1U : r | 1U;
	if ((r >= 0x139 && r <= 0x148) || (r >= 0x179 && r <= 0x17e))
		return upper ? r - !(r & 1) : r + (r & 1);
	return r;
}

static void
rune_put(struct text *t, uint32_t r)
{
	if (r < 0x80) {
		text_addc(t, (char)r);
	} else {
		text_addc(t, (char)(0xc0 | r >> 6));
		text_addc(t, (char)(0x80 | (r & 0x3f)));
	}
}

RUN(change_case)
{
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i], *s;
		struct text t = { .e = e };
		bool bad = false;

		op_text_need(e, n, "change case with");
		for (size_t k = 0, w; k < n->len; k += w) {
			uint32_t r = 0;

			w = n->value[k] ? utf8_next(n->value + k, &r, &bad) : 1;
			if (w <= 2 && r < 0x800 && !bad)
				rune_put(&t, rune_case(r, x->flags & UPPER_CASE));
			else
				text_add(&t, n->value + k, w);
		}
		text_end(&t);
		s = ynode_replace_text(e, n, t.s, t.len);
		s->tag = n->tag;
		s->style = n->style;
		nodes_push(e, out, s);
	}
	return context_with(e, &c, out);
}

/* --- lists of texts */

static const struct ynode *
op_text_argument(struct eval *e, const struct context *c, struct expr *x)
{
	struct context r = expr_run(e, context_read_only(e, c), x);

	return r.at->n ? r.at->v[0] : ynode_text(e, "", 0);
}

RUN(join)
{
	const struct ynode *by = op_text_argument(e, &c, x->rhs);
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i];
		struct text t = { .e = e };

		if (n->kind != Y_SEQ)
			eval_fail(e, "cannot join with %s, can only join arrays of scalars", n->tag);
		for (size_t k = 0; k < n->n; k++) {
			if (k)
				text_add(&t, by->value, by->len);
			if (!ynode_is_null(n->kid[k]))
				text_add(&t, n->kid[k]->value, n->kid[k]->len);
		}
		text_end(&t);
		nodes_push(e, out, ynode_replace_text(e, n, t.s, t.len));
	}
	return context_with(e, &c, out);
}

static void
split_add(struct eval *e, struct ynode *to, const char *s, size_t len)
{
	ynode_add(e, to, ynode_text(e, eval_dup(e, s, len), len));
}

struct ynode *
string_split(struct eval *e, struct ynode *to, const struct ynode *s, const struct ynode *by)
{
	size_t from = 0;
	bool bad = false;
	uint32_t r;

	to->kind = Y_SEQ;
	to->tag = "!!seq";
	if (!by->len) {
		for (size_t i = 0, w; i < s->len; i += w) {
			w = s->value[i] ? utf8_next(s->value + i, &r, &bad) : 1;
			split_add(e, to, s->value + i, w);
		}
		return to;
	}
	while (s->len) {
		const char *at = memmem(s->value + from, s->len - from, by->value, by->len);

		split_add(e, to, s->value + from, at ? (size_t)(at - s->value) - from : s->len - from);
		if (!at)
			break;
		from = (size_t)(at - s->value) + by->len;
	}
	return to;
}

RUN(split)
{
	const struct ynode *by = op_text_argument(e, &c, x->rhs);
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i];

		if (ynode_is_null(n))
			continue;
		if (strcmp(ynode_meaning(e, n), "!!str") != 0)
			eval_fail(e, "cannot split %s, can only split strings", n->tag);
		nodes_push(e, out, string_split(e, ynode_replace_new(e, n, Y_SEQ, "!!seq", ""), n, by));
	}
	return context_with(e, &c, out);
}

/* --- patterns */

RUN(sub)
{
	const struct ynode *pattern, *by;
	struct nodes *out = nodes_new(e), *r;
	struct regex *re;

	if (x->rhs->op != &op_block && x->rhs->op != &op_union)
		eval_fail(e, "column %u: expected `sub(PATTERN; BY)`", x->at + 1);
	pattern = op_text_argument(e, &c, x->rhs->lhs);
	r = expr_run(e, c, x->rhs->rhs).at;
	by = r->n ? r->v[0] : ynode_text(e, "", 0);
	re = regex_open(e, pattern->value, pattern->len);
	for (size_t i = 0; i < c.at->n; i++) {
		const char *s;
		size_t len;

		op_text_need(e, c.at->v[i], "substitute");
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
		text = op_text_argument(e, c, x->rhs->lhs);
	} else {
		text = op_text_argument(e, c, x->rhs);
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

		op_text_need(e, c.at->v[i], "match");
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

		op_text_need(e, c.at->v[i], "match");
		nodes_push(e, out, ynode_bool(e, c.at->v[i], regex_match(e, p.re, c.at->v[i], 0, &m)));
	}
	return context_with(e, &c, out);
}

/* --- the environment */

static void
need_env(struct eval *e)
{
	if (!e->may_env)
		eval_refuse(e, "env");
}

RUN(env)
{
	const char *value;
	struct nodes *docs = nodes_new(e);

	need_env(e);
	value = getenv(x->text);
	if (x->flags & ENV_TEXT)
		return context_one(e, &c, ynode_text(e, eval_dup(e, value ? value : "", value ? strlen(value) : 0), value ? strlen(value) : 0));
	if (!value || !*value)
		eval_fail(e, "value for env variable '%s' not provided in env()", x->text);
	yaml_read_documents(e, eval_dup(e, value, strlen(value)), strlen(value), true, docs);
	if (!docs->n)
		eval_fail(e, "value for env variable '%s' not provided in env()", x->text);
	return context_one(e, &c, docs->v[0]);
}

/* $NAME, ${NAME} and ${NAME-default}, ${NAME:-default}: where it is unset, or also empty */
static size_t
env_put(struct eval *e, struct text *t, const char *s, int flags)
{
	bool braces = *s == '{', empty = false;
	const char *name = s + braces, *end = name, *by = NULL, *value;
	size_t by_len = 0;
	char *key;

	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	key = eval_dup(e, name, (size_t)(end - name));
	if (end == name)
		return 0;
	if (braces) {
		empty = *end == ':';
		end += empty;
		if (*end == '-' || *end == '=') {
			by = ++end;
			by_len = strcspn(by, "}");
			end += by_len;
		}
		if (*end != '}')
			eval_fail(e, "`${%s` is not closed", key);
		end++;
	}
	value = getenv(key);
	if (by && (!value || (empty && !*value)))
		text_add(t, by, by_len);
	else if (!value && flags & ENV_NO_UNSET)
		eval_fail(e, "variable ${%s} not set", key);
	else if (value && !*value && flags & ENV_NO_EMPTY)
		eval_fail(e, "variable ${%s} set but empty", key);
	else
		text_adds(t, value ? value : "");
	return (size_t)(end - s);
}

RUN(envsubst)
{
	struct nodes *out = nodes_new(e);

	need_env(e);
	for (size_t i = 0; i < c.at->n; i++) {
		struct ynode *n = c.at->v[i];
		struct text t = { .e = e };

		if (!ynode_has_tag(n, "!!str"))
			eval_fail(e, "cannot substitute with %s, can only substitute strings. Hint: Most often you'll want to use '|=' over '=' for this operation", n->tag);
		for (const char *p = n->value; p < n->value + n->len; p++) {
			size_t len = *p == '$' ? env_put(e, &t, p + 1, x->flags) : 0;

			if (!len)
				text_addc(&t, *p);
			p += len;
		}
		text_end(&t);
		nodes_push(e, out, ynode_replace_text(e, n, t.s, t.len));
	}
	return context_with(e, &c, out);
}
