/* Templates: values as text: print, println, printf. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/gotmpl_tree.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/quote/quote.h"

enum { MAX_PRINT_DEPTH = 20 };

static void
gotmpl_print_print(struct buf *out, struct arena *a, const struct gotmpl_value *v, int depth)
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
		gotmpl_print_print(out, a, &item, depth + 1);
	}
	buf_addc(out, v->kind == GOTMPL_RECORD ? '}' : ']');
}

void
gotmpl_print(struct buf *out, struct arena *a, const struct gotmpl_value *v)
{
	gotmpl_print_print(out, a, v, 0);
}

int
tmpl_give(struct arena *a, struct buf *b, struct gotmpl_value *out)
{
	*out = (struct gotmpl_value){ GOTMPL_TEXT, .s = arena_memdup(a, b->s, b->len), .len = b->len };
	return 0;
}

/* Go separates two arguments by a blank when neither is a text. */
int
tmpl_print(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		if (i && args[i].kind != GOTMPL_TEXT && args[i - 1].kind != GOTMPL_TEXT)
			buf_addc(&b, ' ');
		gotmpl_print_print(&b, a, &args[i], 1);
	}
	return tmpl_give(a, &b, out);
}

int
tmpl_println(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(&b, ' ');
		gotmpl_print_print(&b, a, &args[i], 1);
	}
	buf_addc(&b, '\n');
	return tmpl_give(a, &b, out);
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
gotmpl_print_pad(struct buf *out, const struct spec *f, const char *s, size_t len)
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

	gotmpl_print_print(&b, a, v, 1);
	if (f->prec >= 0 && (size_t)f->prec < b.len)
		buf_truncate(&b, (size_t)f->prec);
	if (f->verb == 'q')
		quote_go(&q, b.s);
	else if (f->verb == 'x' || f->verb == 'X')
		for (size_t i = 0; i < b.len; i++)
			buf_addf(&q, f->verb == 'x' ? "%02x" : "%02X", (unsigned char)b.s[i]);
	else
		buf_add(&q, b.s, b.len);
	gotmpl_print_pad(out, f, q.s, q.len);
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
	gotmpl_print_print(out, a, v, 1);
}

static void
gotmpl_print_format(struct buf *out, struct arena *a, const struct spec *f, const struct gotmpl_value *v)
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

int
tmpl_printf(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
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
			gotmpl_print_format(&b, a, &f, &args[next++]);
		else
			buf_addf(&b, "%%!%c(MISSING)", f.verb);
	}
	for (size_t i = next; i < n; i++) {
		buf_adds(&b, i == next ? "%!(EXTRA " : ", ");
		print_typed(&b, a, &args[i]);
		if (i + 1 == n)
			buf_addc(&b, ')');
	}
	return tmpl_give(a, &b, out);
}
