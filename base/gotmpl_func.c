/* Templates: values in general, and the predefined functions. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/gotmpl_tree.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/quote.h"

enum { MAX_PRINT_DEPTH = 20 };

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

static void
print(struct buf *out, struct arena *a, const struct gotmpl_value *v, int depth)
{
	static const char *const open[] = { [GOTMPL_LIST] = "[", [GOTMPL_MAP] = "map[", [GOTMPL_RECORD] = "{" };

	switch (v->kind) {
	case GOTMPL_MISSING:
		buf_adds(out, depth ? "<nil>" : "<no value>");
		return;
	case GOTMPL_BOOL:
		buf_adds(out, v->b ? "true" : "false");
		return;
	case GOTMPL_INT:
		buf_addf(out, "%lld", (long long)v->i);
		return;
	case GOTMPL_FLOAT:
		number_add(out, v->d, 6);
		return;
	case GOTMPL_TEXT:
		buf_add(out, v->s, v->len);
		return;
	default:
		break;
	}
	buf_adds(out, open[v->kind]);
	for (size_t i = 0, n = depth < MAX_PRINT_DEPTH ? v->ops->count(v->p) : 0; i < n; i++) {
		struct gotmpl_value item;
		const char *key = NULL;

		v->ops->at(a, v->p, i, &key, &item);
		if (i)
			buf_addc(out, ' ');
		if (key && v->kind == GOTMPL_MAP)
			buf_addf(out, "%s:", key);
		print(out, a, &item, depth + 1);
	}
	buf_addc(out, v->kind == GOTMPL_RECORD ? '}' : ']');
}

void
gotmpl_print(struct buf *out, struct arena *a, const struct gotmpl_value *v)
{
	print(out, a, v, 0);
}

static int
give(struct arena *a, struct buf *b, struct gotmpl_value *out)
{
	*out = (struct gotmpl_value){ GOTMPL_TEXT, .s = arena_memdup(a, b->s, b->len), .len = b->len };
	return 0;
}

/* all arguments as one text; between two that are no texts stands a blank */
static int
f_print(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		if (i && args[i].kind != GOTMPL_TEXT && args[i - 1].kind != GOTMPL_TEXT)
			buf_addc(&b, ' ');
		print(&b, a, &args[i], 1);
	}
	return give(a, &b, out);
}

static int
f_println(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(&b, ' ');
		print(&b, a, &args[i], 1);
	}
	buf_addc(&b, '\n');
	return give(a, &b, out);
}

/* --- printf */

struct spec {
	char flags[8], verb;
	int width, prec;	/* -1: not given */
};

static const char *
read_spec(const char *s, const char *end, struct spec *f)
{
	size_t n = 0;

	*f = (struct spec){ .width = -1, .prec = -1 };
	for (; s < end && strchr("+-# 0", *s) && *s; s++)
		if (n < sizeof f->flags - 1 && !strchr(f->flags, *s))
			f->flags[n++] = *s;
	for (; s < end && isdigit((unsigned char)*s); s++)
		f->width = f->width > 1000 ? 1000 : (f->width < 0 ? 0 : f->width * 10) + (*s - '0');
	if (s < end && *s == '.')
		for (s++, f->prec = 0; s < end && isdigit((unsigned char)*s); s++)
			f->prec = f->prec > 1000 ? 1000 : f->prec * 10 + (*s - '0');
	f->verb = s < end ? *s++ : '\0';
	return s;
}

static void
pad(struct buf *out, const struct spec *f, const char *s, size_t len)
{
	size_t chars = 0, fill;

	for (size_t i = 0; i < len; i++)
		chars += (s[i] & 0xc0) != 0x80;
	fill = f->width > 0 && (size_t)f->width > chars ? (size_t)f->width - chars : 0;
	if (strchr(f->flags, '-'))
		buf_add(out, s, len);
	while (fill--)
		buf_addc(out, strchr(f->flags, '0') && !strchr(f->flags, '-') ? '0' : ' ');
	if (!strchr(f->flags, '-'))
		buf_add(out, s, len);
}

static void
format_text(struct buf *out, struct arena *a, const struct spec *f, const struct gotmpl_value *v)
{
	AUTO(buf) b = BUF_INIT;
	AUTO(buf) q = BUF_INIT;

	print(&b, a, v, 1);
	if (f->prec >= 0 && (size_t)f->prec < b.len)
		buf_truncate(&b, (size_t)f->prec);
	if (f->verb == 'q')
		quote_go(&q, b.s);
	else if (f->verb == 'x' || f->verb == 'X')
		for (size_t i = 0; i < b.len; i++)
			buf_addf(&q, f->verb == 'x' ? "%02x" : "%02X", (unsigned char)b.s[i]);
	else
		buf_add(&q, b.s, b.len);
	pad(out, f, q.s, q.len);
}

/* C's printf knows the rest: numbers */
static void
format_number(struct buf *out, const struct spec *f, const struct gotmpl_value *v)
{
	char fmt[32], text[400];
	char width[12] = "", prec[12] = "";

	if (f->width >= 0)
		snprintf(width, sizeof width, "%d", f->width < 100 ? f->width : 100);
	if (f->prec >= 0)
		snprintf(prec, sizeof prec, ".%d", f->prec < 100 ? f->prec : 100);
	if (v->kind == GOTMPL_INT && f->verb == 'c') {
		buf_addc(out, (char)v->i);
	} else if (v->kind == GOTMPL_INT && strchr("dvoxXb", f->verb)) {
		snprintf(fmt, sizeof fmt, "%%%s%s%sll%c", f->flags, width, prec, f->verb == 'v' || f->verb == 'b' ? 'd' : f->verb);
		snprintf(text, sizeof text, fmt, (long long)v->i);
		buf_adds(out, text);
	} else if (v->kind == GOTMPL_FLOAT && strchr("feEgGF", f->verb)) {
		snprintf(fmt, sizeof fmt, "%%%s%s%s%c", f->flags, width, prec, f->verb);
		snprintf(text, sizeof text, fmt, v->d);
		buf_adds(out, text);
	} else {
		buf_addf(out, "%%!%c(number)", f->verb);
	}
}

/* "int=1", where a value is out of place */
static void
print_typed(struct buf *out, struct arena *a, const struct gotmpl_value *v)
{
	static const char *const types[] = { "<nil>", "bool", "int", "float64", "string", "list", "map", "struct" };

	buf_adds(out, types[v->kind]);
	if (v->kind == GOTMPL_MISSING)
		return;
	buf_addc(out, '=');
	print(out, a, v, 1);
}

static void
format(struct buf *out, struct arena *a, const struct spec *f, const struct gotmpl_value *v)
{
	bool number = v->kind == GOTMPL_INT || v->kind == GOTMPL_FLOAT;
	bool ok = f->verb == 'v' || (v->kind == GOTMPL_TEXT && strchr("sqxX", f->verb)) || (number && strchr("dboxXcfeEgGF", f->verb)) ||
		  (v->kind == GOTMPL_BOOL && f->verb == 't') || (v->kind >= GOTMPL_LIST && strchr("sq", f->verb));

	if (!ok) {
		buf_addf(out, "%%!%c(", f->verb);
		print_typed(out, a, v);
		buf_addc(out, ')');
	} else if (number && !(v->kind == GOTMPL_FLOAT && f->verb == 'v')) {
		format_number(out, f, v);
	} else {
		format_text(out, a, f, v);
	}
}

static int
f_printf(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	AUTO(buf) b = BUF_INIT;
	const char *s = args[0].s, *end;
	size_t next = 1;
	struct spec f;

	if (args[0].kind != GOTMPL_TEXT)
		return error_set(err, ERR_INVALID, "the format must be a text");
	for (end = s + args[0].len; s < end;) {
		if (*s != '%') {
			buf_addc(&b, *s++);
			continue;
		}
		s = read_spec(s + 1, end, &f);
		if (f.verb == '%')
			buf_addc(&b, '%');
		else if (!f.verb)
			buf_adds(&b, "%!(NOVERB)");
		else if (next < n)
			format(&b, a, &f, &args[next++]);
		else
			buf_addf(&b, "%%!%c(MISSING)", f.verb);
	}
	for (size_t i = next; i < n; i++) {
		buf_adds(&b, i == next ? "%!(EXTRA " : ", ");
		print_typed(&b, a, &args[i]);
		if (i + 1 == n)
			buf_addc(&b, ')');
	}
	return give(a, &b, out);
}

/* --- comparison */

static int
compare(const struct gotmpl_value *x, const struct gotmpl_value *y, int *out, struct error *err)
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
equal(const struct gotmpl_value *x, const struct gotmpl_value *y, bool *out, struct error *err)
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
	if (compare(x, y, &c, err) < 0)
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
		if (equal(&args[0], &args[i], &same, err) < 0)
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
	if (compare(&args[0], &args[1], &c, err) < 0) \
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

	f_print(a, args, n, &text, NULL);
	for (size_t i = 0; i < text.len; i++)
		add(&b, (unsigned char)text.s[i]);
	return give(a, &b, out);
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
	{ "print", 0, -1, f_print }, { "printf", 1, -1, f_printf }, { "println", 0, -1, f_println },
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
