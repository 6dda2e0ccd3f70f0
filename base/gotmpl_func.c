/* Templates: values in general, and the predefined functions but those that print. */
#include <ctype.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/gotmpl_tree.h"
#include "base/mem.h"

bool
gotmpl_true(const struct gotmpl_value *v)
{
	switch (v->kind) {
	case GOTMPL_MISSING:
		return false;
	case GOTMPL_BOOL:
		return v->b;
	case GOTMPL_INT:
		return v->i != 0;
	case GOTMPL_FLOAT:
		return v->d != 0;
	case GOTMPL_TEXT:
		return v->len > 0;
	case GOTMPL_LIST: case GOTMPL_MAP:
		return v->ops->count(v->p) > 0;
	case GOTMPL_RECORD:
		return true;
	}
	return false;
}

/* --- comparison */

static int
gotmpl_func_compare(const struct gotmpl_value *x, const struct gotmpl_value *y, int *out, struct error *err)
{
	if (x->kind != y->kind)
		return error_set(err, ERR_INVALID, "incompatible types for comparison");
	switch (x->kind) {
	case GOTMPL_INT:
		*out = (x->i > y->i) - (x->i < y->i);
		return 0;
	case GOTMPL_FLOAT:
		*out = (x->d > y->d) - (x->d < y->d);
		return 0;
	case GOTMPL_TEXT:
		*out = memcmp(x->s, y->s, x->len < y->len ? x->len : y->len);
		if (!*out)
			*out = (x->len > y->len) - (x->len < y->len);
		return 0;
	default:
		return error_set(err, ERR_INVALID, "invalid type for comparison");
	}
}

static int
gotmpl_func_equal(const struct gotmpl_value *x, const struct gotmpl_value *y, bool *out, struct error *err)
{
	int c;

	if (x->kind == GOTMPL_MISSING || y->kind == GOTMPL_MISSING) {
		*out = x->kind == y->kind;
		return 0;
	}
	if (x->kind == GOTMPL_BOOL && y->kind == GOTMPL_BOOL) {
		*out = x->b == y->b;
		return 0;
	}
	if (gotmpl_func_compare(x, y, &c, err) < 0)
		return -1;
	*out = c == 0;
	return 0;
}

static int
f_eq(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	bool same = false;

	(void)a;
	for (size_t i = 1; i < n && !same; i++)
		if (gotmpl_func_equal(&args[0], &args[i], &same, err) < 0)
			return -1;
	*out = gotmpl_bool(same);
	return 0;
}

static int
f_ne(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	if (f_eq(a, args, n, out, err) < 0)
		return -1;
	out->b = !out->b;
	return 0;
}

#define ORDER(name, op) \
static int \
f_##name(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err) \
{ \
	int c; \
\
	(void)a, (void)n; \
	if (gotmpl_func_compare(&args[0], &args[1], &c, err) < 0) \
		return -1; \
	*out = gotmpl_bool(c op 0); \
	return 0; \
}
ORDER(lt, <)
ORDER(le, <=)
ORDER(gt, >)
ORDER(ge, >=)

static int
f_not(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	(void)a, (void)n, (void)err;
	*out = gotmpl_bool(!gotmpl_true(&args[0]));
	return 0;
}

/* --- parts */

static int
f_len(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	(void)a, (void)n;
	if (args[0].kind == GOTMPL_TEXT)
		*out = gotmpl_int((int64_t)args[0].len);
	else if (args[0].kind == GOTMPL_LIST || args[0].kind == GOTMPL_MAP)
		*out = gotmpl_int((int64_t)args[0].ops->count(args[0].p));
	else
		return error_set(err, ERR_INVALID, "len of what has no length");
	return 0;
}

static int
f_index(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	struct gotmpl_value v = args[0];

	for (size_t i = 1; i < n; i++) {
		const struct gotmpl_value *key = &args[i];
		struct gotmpl_value next = { GOTMPL_MISSING };
		const char *name;

		if (v.kind == GOTMPL_MAP && key->kind == GOTMPL_TEXT) {
			if (!v.ops->get(a, v.p, arena_memdup(a, key->s, key->len), &next))
				next.kind = GOTMPL_MISSING;
		} else if (v.kind == GOTMPL_LIST && key->kind == GOTMPL_INT) {
			if (key->i < 0 || (size_t)key->i >= v.ops->count(v.p))
				return error_set(err, ERR_INVALID, "index out of range: %lld", (long long)key->i);
			v.ops->at(a, v.p, (size_t)key->i, &name, &next);
		} else if (v.kind == GOTMPL_TEXT && key->kind == GOTMPL_INT) {
			if (key->i < 0 || (size_t)key->i >= v.len)
				return error_set(err, ERR_INVALID, "index out of range: %lld", (long long)key->i);
			next = gotmpl_int((unsigned char)v.s[key->i]);
		} else {
			return error_set(err, ERR_INVALID, "can't index that with this");
		}
		v = next;
	}
	*out = v;
	return 0;
}

static int
f_slice(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	size_t from = 0, to = args[0].len;

	(void)a;
	if (args[0].kind != GOTMPL_TEXT)
		return error_set(err, ERR_INVALID, "only texts can be sliced");
	for (size_t i = 1; i < n; i++) {
		if (args[i].kind != GOTMPL_INT || args[i].i < 0 || (size_t)args[i].i > args[0].len)
			return error_set(err, ERR_INVALID, "index out of range");
		*(i == 1 ? &from : &to) = (size_t)args[i].i;
	}
	if (from > to)
		return error_set(err, ERR_INVALID, "the slice ends before it begins");
	*out = (struct gotmpl_value){ GOTMPL_TEXT, .s = args[0].s + from, .len = to - from };
	return 0;
}

/* --- escaping */

static int
escape_with(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, void (*add)(struct buf *, unsigned char))
{
	AUTO(buf) b = BUF_INIT;
	struct gotmpl_value text;

	tmpl_print(a, args, n, &text, NULL);
	for (size_t i = 0; i < text.len; i++)
		add(&b, (unsigned char)text.s[i]);
	return tmpl_give(a, &b, out);
}

static void
add_html(struct buf *b, unsigned char c)
{
	if (c == '\0')
		buf_adds(b, "\xef\xbf\xbd");
	else if (strchr("\"'&<>", c))
		buf_addf(b, c == '"' ? "&#34;" : c == '\'' ? "&#39;" : c == '&' ? "&amp;" : c == '<' ? "&lt;" : "&gt;");
	else
		buf_addc(b, (char)c);
}

static void
add_js(struct buf *b, unsigned char c)
{
	if (c && strchr("\\'\"", c))
		buf_addf(b, "\\%c", c);
	else if (c < 0x20 || strchr("<>&=", c))
		buf_addf(b, "\\u%04X", c);
	else
		buf_addc(b, (char)c);
}

static void
add_url(struct buf *b, unsigned char c)
{
	if (c == ' ')
		buf_addc(b, '+');
	else if (isalnum(c) || (c && strchr("-_.~", c)))
		buf_addc(b, (char)c);
	else
		buf_addf(b, "%%%02X", c);
}

#define ESCAPE(name) \
static int \
f_##name(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err) \
{ \
	(void)err; \
	return escape_with(a, args, n, out, add_##name); \
}
ESCAPE(html)
ESCAPE(js)
ESCAPE(url)

static const struct gotmpl_func builtins[] = {
	{ "and", 1, -1, NULL }, { "or", 1, -1, NULL }, { "not", 1, 1, f_not },
	{ "eq", 2, -1, f_eq }, { "ne", 2, 2, f_ne }, { "lt", 2, 2, f_lt }, { "le", 2, 2, f_le }, { "gt", 2, 2, f_gt }, { "ge", 2, 2, f_ge },
	{ "len", 1, 1, f_len }, { "index", 1, -1, f_index }, { "slice", 1, 3, f_slice },
	{ "print", 0, -1, tmpl_print }, { "printf", 1, -1, tmpl_printf }, { "println", 0, -1, tmpl_println },
	{ "html", 0, -1, f_html }, { "js", 0, -1, f_js }, { "urlquery", 0, -1, f_url },
};

const struct gotmpl_func *
tmpl_builtin(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
		if (strlen(builtins[i].name) == len && !memcmp(builtins[i].name, name, len))
			return &builtins[i];
	return NULL;
}

static bool
field_get(struct arena *a, const void *p, const char *key, struct gotmpl_value *out)
{
	(void)a;
	for (const struct gotmpl_field *f = p; f->name; f++)
		if (!strcmp(f->name, key)) {
			*out = f->value;
			return true;
		}
	return false;
}

static size_t
field_count(const void *p)
{
	const struct gotmpl_field *f = p;
	size_t n = 0;

	while (f[n].name)
		n++;
	return n;
}

static void
field_at(struct arena *a, const void *p, size_t i, const char **key, struct gotmpl_value *out)
{
	const struct gotmpl_field *f = p;

	(void)a;
	*key = f[i].name;
	*out = f[i].value;
}

struct gotmpl_value
gotmpl_fields(const struct gotmpl_field *f, enum gotmpl_kind kind)
{
	static const struct gotmpl_ops ops = { field_get, field_count, field_at };

	return (struct gotmpl_value){ kind, .ops = &ops, .p = f };
}
