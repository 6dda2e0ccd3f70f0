/*
 * Expressions of a fleet file: {{.Index}}, {{.Count}}, {{.Fleet}}, {{.Param.X}} of the fleet's own parameters.
 *
 * Values of lima.yaml have expressions of their own ({{.Home}}, {{.Param.X}} of an instance), which are evaluated later and by others.
 * So only what names something of the fleet is evaluated here, and everything else stays as it is written.
 */
#include <ctype.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/gotmpl.h"
#include "state/desired/fleet/fleet_file.h"

/* --- what expressions see */

static bool
expr_param_get(struct arena *a, const void *p, const char *key, struct gotmpl_value *out)
{
	const struct fleet *f = p;

	(void)a;
	for (size_t i = 0; i < f->nparam; i++)
		if (!strcmp(f->param[i].name, key)) {
			*out = gotmpl_text(f->param[i].value);
			return true;
		}
	return false;
}

static size_t
expr_param_count(const void *p)
{
	return ((const struct fleet *)p)->nparam;
}

static void
expr_param_at(struct arena *a, const void *p, size_t i, const char **key, struct gotmpl_value *out)
{
	const struct fleet *f = p;

	(void)a;
	*key = f->param[i].name;
	*out = gotmpl_text(f->param[i].value);
}

/* Numbers may come as texts, out of a parameter. */
static int
expr_number(const struct gotmpl_value *v, int64_t *out, struct error *err)
{
	auto_free char *text = v->kind == GOTMPL_TEXT ? xstrndup(v->s, v->len) : NULL;
	char rest;
	long long n;

	if (v->kind == GOTMPL_INT)
		*out = v->i;
	else if (text && sscanf(text, "%lld%c", &n, &rest) == 1)
		*out = n;
	else
		return error_set(err, ERR_INVALID, "wants whole numbers");
	return 0;
}

static int
expr_arithmetic(const struct gotmpl_value *args, size_t n, char op, struct gotmpl_value *out, struct error *err)
{
	int64_t sum, x;

	if (expr_number(&args[0], &sum, err) < 0)
		return -1;
	for (size_t i = 1; i < n; i++) {
		bool over;

		if (expr_number(&args[i], &x, err) < 0)
			return -1;
		over = op == '+' ? __builtin_add_overflow(sum, x, &sum) : op == '-' ? __builtin_sub_overflow(sum, x, &sum) :
		       __builtin_mul_overflow(sum, x, &sum);
		if (over)
			return error_set(err, ERR_INVALID, "the result is too large");
	}
	*out = gotmpl_int(sum);
	return 0;
}

static int
expr_add(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	(void)a;
	return expr_arithmetic(args, n, '+', out, err);
}

static int
expr_sub(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	(void)a;
	return expr_arithmetic(args, n, '-', out, err);
}

static int
expr_mul(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	(void)a;
	return expr_arithmetic(args, n, '*', out, err);
}

static const struct gotmpl_func functions[] = {
	{ "add", 2, -1, expr_add },
	{ "mul", 2, -1, expr_mul },
	{ "sub", 2, 2, expr_sub },
	{ NULL },
};

static int
fleet_expr_run(struct buf *out, struct arena *a, const char *text, size_t len, const struct fleet_scope *s, struct error *err)
{
	static const struct gotmpl_ops params = { expr_param_get, expr_param_count, expr_param_at };
	const struct gotmpl_value param = { GOTMPL_RECORD, .ops = &params, .p = s->f };
	const struct gotmpl_field member[] = {
		{ "Count", gotmpl_int(s->m ? s->m->count : 0) }, { "Fleet", gotmpl_text(s->f->name) },
		{ "Index", gotmpl_int(s->m ? s->m->index : 0) }, { "Name", gotmpl_text(s->m ? s->m->name : "") },
		{ "Param", param }, { NULL },
	};
	const struct gotmpl_field none[] = { { "Param", param }, { NULL } };
	const struct gotmpl_value data = gotmpl_fields(s->m ? member : none, GOTMPL_RECORD);

	return gotmpl_run(out, a, text, len, &data, &(struct gotmpl_opts){ .funcs = functions }, err);
}

/* --- whose an expression is */

static bool
expr_is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* ".Index" and its like, or ".Param.X" of a parameter that the fleet has, at `p`? */
static bool
expr_is_ours(const char *p, const char *end, const struct fleet_scope *s)
{
	static const char *const fields[] = { ".Index", ".Count", ".Fleet" };
	size_t left = (size_t)(end - p);

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		size_t n = strlen(fields[i]);

		if (left >= n && !memcmp(p, fields[i], n) && (left == n || !expr_is_word(p[n])))
			return true;
	}
	for (size_t i = 0; left > 7 && !memcmp(p, ".Param.", 7) && i < s->f->nparam; i++) {
		size_t n = strlen(s->f->param[i].name);

		if (left >= 7 + n && !memcmp(p + 7, s->f->param[i].name, n) && (left == 7 + n || !expr_is_word(p[7 + n])))
			return true;
	}
	return false;
}

struct action {
	const char *end;	/* behind its }} */
	bool ours;
	int depth;		/* +1 it opens a block, -1 it ends one */
};

static int
expr_depth(const char *p, const char *end)
{
	static const char *const opens[] = { "if", "with", "range", "define", "block" };

	p += p < end && *p == '-';
	while (p < end && isspace((unsigned char)*p))
		p++;
	for (size_t i = 0; i < ARRAY_LEN(opens); i++)
		if ((size_t)(end - p) > strlen(opens[i]) && !memcmp(p, opens[i], strlen(opens[i])) && !expr_is_word(p[strlen(opens[i])]))
			return 1;
	return end - p >= 3 && !memcmp(p, "end", 3) && (end - p == 3 || !expr_is_word(p[3])) ? -1 : 0;
}

/* The action that begins at `p`, on its {{; false: it does not end. What is in quotes names nothing. */
static bool
expr_action(const char *p, const char *end, const struct fleet_scope *s, struct action *out)
{
	const char *begin = p + 2;

	*out = (struct action){ 0 };
	for (p = begin; p < end; p++) {
		if (*p == '"' || *p == '`' || *p == '\'') {
			char quote = *p++;

			while (p < end && *p != quote)
				p += 1 + (*p == '\\' && quote != '`' && p + 1 < end);
		} else if (*p == '}' && p + 1 < end && p[1] == '}') {
			out->end = p + 2;
			out->depth = expr_depth(begin, p);
			return true;
		} else if (*p == '.' && expr_is_ours(p, end, s)) {
			out->ours = true;
		}
	}
	return false;
}

/* From {{if}} to its {{end}} is one expression; where it ends, or NULL. */
static const char *
expr_unit(const char *p, const char *end, const struct fleet_scope *s, bool *ours)
{
	int depth = 0;

	*ours = false;
	while (p && p < end) {
		struct action action;

		if (!expr_action(p, end, s, &action))
			return NULL;
		*ours |= action.ours;
		depth += action.depth;
		p = action.end;
		if (depth <= 0)
			return p;
		p = memmem(p, (size_t)(end - p), "{{", 2);
	}
	return NULL;
}

int
fleet_expand_text(struct buf *out, struct arena *a, const char *text, size_t len, const struct fleet_scope *s, struct error *err)
{
	const char *end = text + len, *at = text;
	bool whole = false;

	while (at < end) {
		const char *open = memmem(at, (size_t)(end - at), "{{", 2), *close;
		bool ours = false;

		buf_add(out, at, (size_t)((open ? open : end) - at));
		if (!open)
			break;
		close = expr_unit(open, end, s, &ours);
		if (!close)
			close = open + 2;
		if (ours && fleet_expr_run(out, a, open, (size_t)(close - open), s, err) < 0)
			return -1;
		if (!ours)
			buf_add(out, open, (size_t)(close - open));
		whole = ours && open == text && close == end;
		at = close;
	}
	return whole;
}

/* --- on nodes */

/* `{{add 8080 .Index}}` must be in quotes, and means a number; what does not look like one, or a boolean, is a text. */
static bool
expr_is_plain(const char *s)
{
	size_t digits = strspn(s + (*s == '-'), "0123456789");
	const char *first = s + (*s == '-');

	if (!strcmp(s, "true") || !strcmp(s, "false"))
		return true;
	return digits && digits < 19 && !first[digits] && (*first != '0' || digits == 1);
}

static struct node *
expr_scalar(struct arena *a, const struct node *n, const struct fleet_scope *s, struct error *err)
{
	AUTO(buf) out = BUF_INIT;
	struct error why = { 0 };
	struct node *made;
	int whole;

	if (!memmem(n->text, n->len, "{{", 2))
		return (struct node *)n;
	whole = fleet_expand_text(&out, a, n->text, n->len, s, &why);
	if (whole < 0) {
		AUTO(buf) where = BUF_INIT;

		node_where(n, &where);
		error_set(err, ERR_INVALID, "%s: %s", where.s, why.msg);
		return NULL;
	}
	if (out.len == n->len && !memcmp(out.s, n->text, n->len))
		return (struct node *)n;
	made = whole && expr_is_plain(out.s) ? node_plain(a, arena_strdup(a, out.s)) : node_text(a, arena_memdup(a, out.s, out.len));
	made->src = n->src;
	made->line = n->line;
	made->col = n->col;
	return made;
}

static struct node *
expr_list(struct arena *a, const struct node *n, const struct fleet_scope *s, struct error *err)
{
	struct node *copy = NULL;

	for (size_t i = 0; i < n->n; i++) {
		struct node *item = fleet_expand(a, n->item[i], s, err);

		if (!item)
			return NULL;
		if (item == n->item[i])
			continue;
		if (!copy) {
			copy = arena_alloc(a, sizeof *copy);
			*copy = *n;
			copy->cap = n->n;
			copy->item = arena_alloc(a, n->n * sizeof *n->item);
			memcpy(copy->item, n->item, n->n * sizeof *n->item);
			copy->flags |= NODE_CHANGED;
		}
		copy->item[i] = item;
	}
	return copy ? copy : (struct node *)n;
}

static struct node *
expr_map(struct arena *a, const struct node *n, const struct fleet_scope *s, struct error *err)
{
	struct node *copy = NULL;

	for (size_t i = 0; i < n->npair; i++) {
		struct node *value = fleet_expand(a, n->pair[i].value, s, err);

		if (!value)
			return NULL;
		if (value == n->pair[i].value)
			continue;
		if (!copy) {
			copy = arena_alloc(a, sizeof *copy);
			*copy = *n;
			copy->pcap = n->npair;
			copy->pair = arena_alloc(a, n->npair * sizeof *n->pair);
			memcpy(copy->pair, n->pair, n->npair * sizeof *n->pair);
			copy->flags |= NODE_CHANGED;
		}
		copy->pair[i].value = value;
	}
	return copy ? copy : (struct node *)n;
}

struct node *
fleet_expand(struct arena *a, const struct node *n, const struct fleet_scope *s, struct error *err)
{
	if (n->kind == NODE_SCALAR)
		return expr_scalar(a, n, s, err);
	if (n->kind == NODE_LIST)
		return expr_list(a, n, s, err);
	return n->kind == NODE_MAP ? expr_map(a, n, s, err) : (struct node *)n;
}

bool
fleet_is_literal(const struct node *n)
{
	if (n->kind == NODE_SCALAR)
		return !memmem(n->text, n->len, "{{", 2);
	for (size_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		if (!fleet_is_literal(n->item[i]))
			return false;
	for (size_t i = 0; n->kind == NODE_MAP && i < n->npair; i++)
		if (!fleet_is_literal(n->pair[i].key) || !fleet_is_literal(n->pair[i].value))
			return false;
	return true;
}
