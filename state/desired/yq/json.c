/* JSON as a tree, and back. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/quote/quote.h"
#include "base/utf8.h"
#include "state/desired/yq/eval.h"

struct json {
	struct eval *e;
	const char *s;
	size_t at, len;
	bool exact;	/* numbers stay what they are, rather than what is left of them in a double */
};

static struct ynode *json_read_value(struct json *j);

static void __attribute__((noreturn))
json_fail(struct json *j)
{
	eval_fail(j->e, "no JSON at byte %zu", j->at + 1);
}

static char
json_next_char(struct json *j)
{
	while (j->at < j->len && strchr(" \t\r\n", j->s[j->at]) && j->s[j->at])
		j->at++;
	return j->at < j->len ? j->s[j->at] : '\0';
}

static bool
json_hex(struct json *j, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++) {
		char c = j->at < j->len ? j->s[j->at++] : '\0';

		if (!isxdigit((unsigned char)c))
			return false;
		*out = *out << 4 | (uint32_t)(isdigit((unsigned char)c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	return true;
}

static void
json_escape(struct json *j, struct text *t)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = j->at < j->len ? j->s[j->at++] : '\0';
	const char *p = c ? strchr(from, c) : NULL;
	char utf8[4];
	uint32_t rune, low;

	if (p) {
		text_addc(t, to[p - from]);
		return;
	}
	if (c != 'u' || !json_hex(j, &rune))
		json_fail(j);
	if (rune >= 0xd800 && rune < 0xdc00 && j->at + 1 < j->len && j->s[j->at] == '\\' && j->s[j->at + 1] == 'u') {
		size_t back = j->at;

		j->at += 2;
		if (!json_hex(j, &low))
			json_fail(j);
		if (low >= 0xdc00 && low < 0xe000)
			rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
		else
			j->at = back;
	}
	text_add(t, utf8, utf8_put(utf8, rune));
}

static struct ynode *
json_string(struct json *j)
{
	struct text t = { .e = j->e };
	size_t from = ++j->at;

	for (;;) {
		if (j->at >= j->len || (unsigned char)j->s[j->at] < 0x20)
			json_fail(j);
		if (j->s[j->at] != '"' && j->s[j->at] != '\\') {
			j->at++;
			continue;
		}
		text_add(&t, j->s + from, j->at - from);
		if (j->s[j->at++] == '"')
			break;
		json_escape(j, &t);
		from = j->at;
	}
	return text_node(&t, NULL);
}

static struct ynode *
json_number(struct json *j, size_t from)
{
	const char *s = eval_dup(j->e, j->s + from, j->at - from);
	struct ynode *n = ynode_new(j->e, Y_SCALAR, tag_resolve(s, strlen(s)), s);
	double d;

	if (!number_float(s, &d) || !strchr("-0123456789", *s))
		json_fail(j);
	if (j->exact) {
		if (!ynode_has_tag(n, "!!int"))
			n->tag = "!!float";
		return n;
	}
	n->tag = "!!float";
	n->value = number_float_text(j->e, d);
	if (fabs(d) < 9.3e18 && d == (double)(int64_t)d) {
		n->tag = "!!int";
		n->value = eval_printf(j->e, "%lld", (long long)d);
	}
	n->len = strlen(n->value);
	return n;
}

static struct ynode *
json_word(struct json *j)
{
	static const struct { const char *word, *tag; } words[] = { { "null", "!!null" }, { "true", "!!bool" }, { "false", "!!bool" } };
	size_t from = j->at, len;

	while (j->at < j->len && (isalnum((unsigned char)j->s[j->at]) || (j->s[j->at] && strchr("+-.", j->s[j->at]))))
		j->at++;
	len = j->at - from;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (len == strlen(words[i].word) && memcmp(words[i].word, j->s + from, len) == 0)
			return ynode_new(j->e, Y_SCALAR, words[i].tag, words[i].word);
	if (!len)
		json_fail(j);
	return json_number(j, from);
}

static struct ynode *
json_container(struct json *j, bool map)
{
	struct ynode *n = ynode_new(j->e, map ? Y_MAP : Y_SEQ, map ? "!!map" : "!!seq", ""), *key, *value;
	const char end = map ? '}' : ']';

	j->at++;
	if (json_next_char(j) == end) {
		j->at++;
		return n;
	}
	for (;;) {
		if (map) {
			if (json_next_char(j) != '"')
				json_fail(j);
			key = json_string(j);
			key->is_key = true;
			key->parent = n;
			if (json_next_char(j) != ':')
				json_fail(j);
			j->at++;
			ynode_put(j->e, n, key);
		} else {
			key = ynode_int(j->e, (long long)n->n);
			key->parent = n;
			key->is_key = true;
		}
		value = json_read_value(j);
		value->parent = n;
		value->key = key;
		ynode_put(j->e, n, value);
		if (json_next_char(j) == end)
			break;
		if (json_next_char(j) != ',')
			json_fail(j);
		j->at++;
	}
	j->at++;
	return n;
}

static struct ynode *
json_read_value(struct json *j)
{
	char c = json_next_char(j);
	struct ynode *n;

	if (c == '"')
		return json_string(j);
	if (c != '{' && c != '[')
		return json_word(j);
	eval_enter(j->e);
	n = json_container(j, c == '{');
	eval_leave(j->e);
	return n;
}

struct ynode *
json_read(struct eval *e, const char *text, size_t len, size_t *used, bool exact)
{
	struct json j = { .e = e, .s = text, .at = *used, .len = len, .exact = exact };
	struct ynode *n;

	if (!json_next_char(&j) && j.at >= len) {
		*used = len;
		return NULL;
	}
	n = json_read_value(&j);
	*used = j.at;
	return n;
}

/* --- out */

static void
string_print(struct text *t, const char *s, size_t len)
{
	text_addc(t, '"');
	for (size_t i = 0, w; i < len; i += w) {
		unsigned char c = (unsigned char)s[i];
		uint32_t rune;
		bool bad = false;

		w = c ? utf8_next(s + i, &rune, &bad) : 1;
		if (c == '"' || c == '\\')
			text_addf(t, "\\%c", c);
		else if (c == '\n' || c == '\r' || c == '\t')
			text_adds(t, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
		else if (c < 0x20)
			text_addf(t, "\\u%04x", c);
		else if (bad)
			text_adds(t, "\\ufffd");
		else if (w == 3 && (rune == 0x2028 || rune == 0x2029))
			text_addf(t, "\\u%04x", (unsigned)rune);
		else
			text_add(t, s + i, w);
	}
	text_addc(t, '"');
}

/* as yq's JSON has it: as few digits as say it, and an exponent below 10^-6 and from 10^21 on */
static void
float_print(struct text *t, const struct ynode *n)
{
	char digits[40];
	double d = 0;
	int prec = 0, exp, count;

	if (!number_float(n->value, &d) || !isfinite(d))
		eval_fail(t->e, "`%s` is no number of JSON", n->value);
	do
		snprintf(digits, sizeof digits, "%.*e", prec, fabs(d));
	while (strtod(digits, NULL) != fabs(d) && prec++ < 17);
	exp = atoi(strchr(digits, 'e') + 1);
	if (signbit(d))
		text_addc(t, '-');
	if (d != 0 && (fabs(d) < 1e-6 || fabs(d) >= 1e21)) {
		text_addf(t, "%.*se%c%02d", (int)strcspn(digits, "e"), digits, exp < 0 ? '-' : '+', abs(exp));
		return;
	}
	count = prec ? prec + 1 : 1;
	if (prec)		/* the digits alone */
		memmove(digits + 1, digits + 2, (size_t)prec);
	if (exp < 0)
		text_addf(t, "0.%.*s", -exp - 1, "00000");
	for (int i = 0; i < count || i <= exp; i++) {
		text_addc(t, i < count ? digits[i] : '0');
		if (i == exp && i + 1 < count)
			text_addc(t, '.');
	}
}

static void
scalar_json(struct text *t, const struct ynode *n)
{
	const char *tag = ynode_meaning(t->e, n);
	long long i;
	char format;

	if (strcmp(tag, "!!int") == 0) {
		if (number_int(n->value, &i, &format))
			text_addf(t, "%lld", i);
		else if (strspn(n->value, "0123456789") == n->len && n->len && n->value[0] != '0')
			text_add(t, n->value, n->len);
		else
			eval_fail(t->e, "`%s` is no number that fits", n->value);
	} else if (strcmp(tag, "!!float") == 0) {
		float_print(t, n);
	} else if (strcmp(tag, "!!bool") == 0) {
		text_adds(t, ynode_truthy(n) ? "true" : "false");
	} else if (strcmp(tag, "!!null") == 0) {
		text_adds(t, "null");
	} else {
		string_print(t, n->value, n->len);
	}
}

static void
line_begin(struct text *t, int indent, int depth)
{
	if (!indent)
		return;
	text_addc(t, '\n');
	for (int i = 0; i < indent * depth; i++)
		text_addc(t, ' ');
}

static void
json_print_at(struct text *t, const struct ynode *n, int indent, int depth)
{
	bool map = n->kind == Y_MAP;

	while (n->kind == Y_ALIAS && n->alias)
		n = n->alias;
	map = n->kind == Y_MAP;
	if (n->kind == Y_SCALAR) {
		scalar_json(t, n);
		return;
	}
	if (n->kind == Y_NONE || n->kind == Y_ALIAS) {
		text_adds(t, "null");
		return;
	}
	eval_enter(t->e);
	text_addc(t, map ? '{' : '[');
	for (size_t i = 0; i < n->n; i++) {
		if (i)
			text_addc(t, ',');
		line_begin(t, indent, depth + 1);
		if (map) {
			string_print(t, n->kid[i]->value, n->kid[i]->len);
			text_adds(t, indent ? ": " : ":");
			if (++i == n->n)
				break;
		}
		json_print_at(t, n->kid[i], indent, depth + 1);
	}
	if (n->n)
		line_begin(t, indent, depth);
	text_addc(t, map ? '}' : ']');
	eval_leave(t->e);
}

void
json_print(struct text *out, const struct ynode *n, int indent)
{
	json_print_at(out, n, indent, 0);
}
