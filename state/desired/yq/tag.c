/* What a scalar means when it stands unquoted, and the numbers that yq calculates with. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/number.h"
#include "state/desired/yq/eval.h"

static const struct { const char *text, *tag; } words[] = {
	{ "", "!!null" }, { "~", "!!null" }, { "null", "!!null" }, { "Null", "!!null" }, { "NULL", "!!null" },
	{ "true", "!!bool" }, { "True", "!!bool" }, { "TRUE", "!!bool" },
	{ "false", "!!bool" }, { "False", "!!bool" }, { "FALSE", "!!bool" },
	{ ".nan", "!!float" }, { ".NaN", "!!float" }, { ".NAN", "!!float" },
	{ ".inf", "!!float" }, { ".Inf", "!!float" }, { ".INF", "!!float" },
	{ "+.inf", "!!float" }, { "+.Inf", "!!float" }, { "+.INF", "!!float" },
	{ "-.inf", "!!float" }, { "-.Inf", "!!float" }, { "-.INF", "!!float" },
	{ "-0", "!!float" }, { "-0.0", "!!float" },
};

/* digits of a base, up to the end, that fit into 64 bits */
static bool
digits_fit(const char *s, int base, bool minus)
{
	uint64_t v = 0, most = UINT64_MAX;
	bool any = false;

	for (; *s; s++, any = true) {
		int d = isdigit((unsigned char)*s) ? *s - '0' : isalpha((unsigned char)*s) ? tolower(*s) - 'a' + 10 : 99;

		if (d >= base || __builtin_mul_overflow(v, (uint64_t)base, &v) || __builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	if (minus)
		most = (uint64_t)INT64_MAX + 1;
	return any && v <= most;
}

/* an integer in any of Go's notations, underscores taken out */
static bool
is_int(const char *s)
{
	bool sign = *s == '-' || *s == '+', minus = *s == '-';

	s += sign;
	if (sign && *s != '0' && minus)
		return digits_fit(s, 10, true);
	if (*s == '0' && s[1]) {
		int base = tolower(s[1]) == 'x' ? 16 : tolower(s[1]) == 'b' ? 2 : 8;
		const char *from = isdigit((unsigned char)s[1]) ? s + 1 : s + 2;

		if (!isdigit((unsigned char)s[1]) && !strchr("xXbBoO", s[1]))
			return false;
		return digits_fit(from, base, minus);
	}
	return digits_fit(s, 10, minus);
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool
is_float(const char *s)
{
	size_t whole, part = 0;

	s += *s == '-' || *s == '+';
	whole = strspn(s, "0123456789");
	s += whole;
	if (*s == '.') {
		part = strspn(s + 1, "0123456789");
		s += 1 + part;
	}
	if (!whole && !part)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		if (!isdigit((unsigned char)*s))
			return false;
		s += strspn(s, "0123456789");
	}
	return !*s;
}

/* four digits and a dash: a date, perhaps with a time */
static bool
is_timestamp(const char *s)
{
	static const char *const layouts[] = {
		"2006-1-2T15:4:5.999999999Z07:00", "2006-1-2t15:4:5.999999999Z07:00", "2006-1-2 15:4:5.999999999", "2006-1-2",
	};
	struct moment m;

	if (strspn(s, "0123456789") != 4 || s[4] != '-')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++)
		if (date_parse(layouts[i], s, &m))
			return true;
	return false;
}

const char *
tag_resolve(const char *s, size_t len)
{
	char plain[128];
	size_t n = 0;
	double d;

	if (len >= sizeof plain || strlen(s) != len)
		return "!!str";
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i].text, s) == 0)
			return words[i].tag;
	if (*s == '.')
		return number_float(s, &d) ? "!!float" : "!!str";
	if (!isdigit((unsigned char)*s) && *s != '-' && *s != '+')
		return "!!str";
	if (is_timestamp(s))
		return "!!timestamp";
	for (const char *p = s; *p; p++)
		if (*p != '_')
			plain[n++] = *p;
	plain[n] = '\0';
	if (is_int(plain))
		return "!!int";
	return is_float(plain) && number_float(plain, &d) ? "!!float" : "!!str";
}

bool
number_int(const char *s, long long *out, char *format)
{
	char plain[80];
	const char *p = plain;
	size_t n = 0;
	int base = 10;
	char *end;

	for (; *s; s++)
		if (*s != '_') {
			if (n + 1 == sizeof plain)
				return false;
			plain[n++] = *s;
		}
	plain[n] = '\0';
	*format = 'd';
	if (plain[0] == '0' && (plain[1] == 'x' || plain[1] == 'X')) {
		base = 16;
		*format = 'x';
	} else if (plain[0] == '0' && plain[1] == 'o') {
		base = 8;
		*format = 'o';
	}
	if (base != 10)
		p += 2;
	if (!isalnum((unsigned char)p[*p == '-' || *p == '+']))
		return false;
	if (base == 16 && tolower(p[(*p == '-' || *p == '+') + 1]) == 'x')
		return false;
	errno = 0;
	*out = strtoll(p, &end, base);
	return !*end && !errno;
}

bool
number_float(const char *s, double *out)
{
	const char *p = s + (*s == '-' || *s == '+');
	char *end;

	if (!*p || isspace((unsigned char)*s) || strchr(p, '('))
		return false;
	if (!isdigit((unsigned char)*p) && *p != '.' && strcasecmp(p, "inf") != 0 && strcasecmp(p, "infinity") != 0 &&
	    strcasecmp(s, "nan") != 0)
		return false;
	if (tolower(p[0]) == '0' && tolower(p[1]) == 'x' && !strpbrk(p, "pP"))
		return false;
	*out = strtod(s, &end);
	return !*end && !(isinf(*out) && isdigit((unsigned char)*p));
}

const char *
number_float_text(struct eval *e, double d)
{
	AUTO(buf) b = BUF_INIT;

	number_add(&b, d, 6);
	return eval_dup(e, b.s, b.len);
}

const char *
number_int_text(struct eval *e, long long i, char format)
{
	unsigned long long u = i < 0 ? 0ULL - (unsigned long long)i : (unsigned long long)i;

	if (format == 'd')
		return eval_printf(e, "%lld", i);
	return eval_printf(e, format == 'x' ? "0x%s%llX" : "0o%s%llo", i < 0 ? "-" : "", u);
}

bool
tag_is_number(const char *tag)
{
	return strcmp(tag, "!!int") == 0 || strcmp(tag, "!!float") == 0;
}

long long
ynode_to_int(struct eval *e, const struct ynode *n, char *format)
{
	long long i;

	if (!number_int(n->value, &i, format))
		eval_fail(e, "`%s` is no integer that fits into 64 bits", n->value);
	return i;
}

static double
ynode_to_float(struct eval *e, const struct ynode *n)
{
	double d;

	if (!number_float(n->value, &d))
		eval_fail(e, "`%s` is no number to calculate with", n->value);
	return d;
}

bool
numbers_of(struct eval *e, struct numbers *out, const struct ynode *l, const struct ynode *r, bool divide)
{
	const char *lt = ynode_meaning(e, l), *rt = ynode_meaning(e, r);
	char format;

	if (!tag_is_number(lt) || !tag_is_number(rt))
		return false;
	out->tag = strncmp(l->tag, "!!", 2) == 0 ? "!!float" : l->tag;
	out->ints = !divide && strcmp(lt, "!!int") == 0 && strcmp(rt, "!!int") == 0;
	if (out->ints) {
		out->a = ynode_to_int(e, l, &out->format);
		out->b = ynode_to_int(e, r, &format);
	} else {
		out->x = ynode_to_float(e, l);
		out->y = ynode_to_float(e, r);
	}
	return true;
}
