#include "cli/args/values.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/quote/quote.h"

void
error_text_release(struct error_text *e)
{
	free(e->text);
	e->text = NULL;
}

/* `strconv.ParseInt: parsing "x": invalid syntax` */
static void
bad_syntax(struct error_text *why, const char *func, const char *s, const char *what)
{
	AUTO(buf) q = BUF_INIT;

	quote_go(&q, s);
	why->text = xasprintf("strconv.%s: parsing %s: %s", func, q.s, what);
}

void
value_bool(const char *s, bool *out, struct error_text *why)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(s, yes[i]) == 0 || strcmp(s, no[i]) == 0) {
			*out = strcmp(s, yes[i]) == 0;
			return;
		}
	}
	bad_syntax(why, "ParseBool", s, "invalid syntax");
}

enum parsed { PARSED, SYNTAX, RANGE };

/* Digits with Go's prefixes: 0x, 0o, 0b, 0 (octal); and underscores between them, if there is a prefix or base 10. */
static enum parsed
values_magnitude(const char *s, uint64_t max, uint64_t *out)
{
	unsigned base = 10;
	uint64_t v = 0;
	bool digits = false, range = false, under = false;

	if (s[0] == '0' && s[1]) {
		char k = (char)tolower((unsigned char)s[1]);

		base = k == 'x' ? 16 : k == 'b' ? 2 : 8;
		s += k == 'x' || k == 'b' || k == 'o' ? 2 : 1;
	}
	for (; *s; s++) {
		unsigned d = isdigit((unsigned char)*s) ? (unsigned)(*s - '0')
			: isxdigit((unsigned char)*s) ? (unsigned)(tolower((unsigned char)*s) - 'a' + 10) : 99;

		if (*s == '_' && !under && (digits || base != 10)) {
			under = true;
			continue;
		}
		if (d >= base)
			return SYNTAX;
		digits = true;
		under = false;
		if (v > (max - d) / base)
			range = true;
		else
			v = v * base + d;
	}
	if (!digits || under)
		return SYNTAX;
	*out = v;
	return range ? RANGE : PARSED;
}

static void
values_tell(enum parsed p, struct error_text *why, const char *func, const char *s)
{
	bad_syntax(why, func, s, p == SYNTAX ? "invalid syntax" : "value out of range");
}

void
value_int(const char *s, long long *out, struct error_text *why)
{
	bool neg = *s == '-';
	uint64_t v;
	enum parsed p = values_magnitude(s + (*s == '-' || *s == '+'), neg ? (uint64_t)LLONG_MAX + 1 : LLONG_MAX, &v);

	if (p != PARSED)
		values_tell(p, why, "ParseInt", s);
	else
		*out = neg ? (long long)(0 - v) : (long long)v;
}

void
value_uint(const char *s, int bits, long long *out, struct error_text *why)
{
	uint64_t v;
	enum parsed p = values_magnitude(s, (1ull << bits) - 1, &v);

	if (p != PARSED)
		values_tell(p, why, "ParseUint", s);
	else
		*out = (long long)v;
}

void
value_float(const char *s, double *out, struct error_text *why)
{
	char *end;
	double v;

	errno = 0;
	v = strtod(s, &end);
	if (*s == '\0' || *end || isspace((unsigned char)*s) || strchr(s, '('))
		values_tell(SYNTAX, why, "ParseFloat", s);
	else if (isinf(v) && errno == ERANGE)
		values_tell(RANGE, why, "ParseFloat", s);
	else
		*out = v;
}

static const struct { const char *unit; double ns; } units[] = {
	{ "ns", 1 }, { "us", 1e3 }, { "\u00b5s", 1e3 }, { "\u03bcs", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
	{ "m", 60e9 }, { "h", 3600e9 },
};

static void
bad_duration(struct error_text *why, const char *what, const char *s)
{
	AUTO(buf) q = BUF_INIT;

	quote_go(&q, s);
	why->text = xasprintf("time: %s duration %s", what, q.s);
}

void
value_duration(const char *s, long long *ns, struct error_text *why)
{
	const char *p = s + (*s == '-' || *s == '+');
	double sum = 0;

	if (strcmp(p, "0") == 0) {
		*ns = 0;
		return;
	}
	if (*p == '\0') {
		bad_duration(why, "invalid", s);
		return;
	}
	while (*p) {
		size_t num = strspn(p, "0123456789."), len = strcspn(p + num, "0123456789."), i;
		char *end;
		double v = strtod(p, &end);

		if (num == 0 || end != p + num) {
			bad_duration(why, "invalid", s);
			return;
		}
		p += num;
		for (i = 0; i < ARRAY_LEN(units); i++)
			if (strlen(units[i].unit) == len && strncmp(units[i].unit, p, len) == 0)
				break;
		if (len == 0) {
			bad_duration(why, "missing unit in", s);
			return;
		}
		if (i == ARRAY_LEN(units)) {
			auto_free char *what = xasprintf("unknown unit \"%.*s\" in", (int)len, p);

			bad_duration(why, what, s);
			return;
		}
		p += len;
		sum += v * units[i].ns;
	}
	if (sum > 9.2e18)
		bad_duration(why, "invalid", s);
	else
		*ns = (long long)(*s == '-' ? -sum : sum);
}

void
value_ip(const char *s, struct error_text *why)
{
	unsigned char addr[16];

	if (inet_pton(AF_INET, s, addr) != 1 && inet_pton(AF_INET6, s, addr) != 1)
		why->text = xasprintf("invalid string being converted to IP address: %s", s);
}

/* A field in quotes, from behind the first one; -1: it does not end as it should. */
static int
quoted_field(const char **at, struct buf *field)
{
	const char *p = *at;

	for (; *p; p++) {
		if (*p != '"') {
			buf_addc(field, *p);
		} else if (p[1] == '"') {
			buf_addc(field, *p++);
		} else {
			*at = ++p;
			return *p == ',' || *p == '\0' ? 0 : -1;
		}
	}
	*at = p;
	return -1;
}

void
value_csv(const char *s, struct arena *a, char ***list, size_t *n, size_t *cap, struct error_text *why)
{
	const char *p = s;

	if (*s == '\0')
		return;
	for (;;) {
		AUTO(buf) field = BUF_INIT;

		if (*p == '"') {
			p++;
			if (quoted_field(&p, &field) < 0) {
				why->text = xasprintf("parse error on line 1, column %zu: extraneous or missing \" in "
						      "quoted-field", (size_t)(p - s) + 1);
				return;
			}
		} else {
			size_t len = strcspn(p, ",");

			buf_add(&field, p, len);
			if (strchr(field.s, '"')) {
				why->text = xasprintf("parse error on line 1, column %zu: bare \" in non-quoted field",
						      (size_t)(p - s) + strcspn(p, "\"") + 1);
				return;
			}
			p += len;
		}
		GROW(*list, *n, *cap);
		(*list)[(*n)++] = arena_strdup(a, field.s);
		if (*p++ != ',')
			return;
	}
}
