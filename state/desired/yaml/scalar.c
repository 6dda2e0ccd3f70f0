#include "state/desired/yaml/scalar.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/number.h"

static bool
scalar_is_one_of(const char *s, const char *a, const char *b, const char *c)
{
	return !strcmp(s, a) || !strcmp(s, b) || !strcmp(s, c);
}

/* Digits of `base`, underscores between them; 0: not, 1: fits, -1: too large */
static int
scalar_digits(const char *s, int base, uint64_t *out)
{
	uint64_t v = 0;
	bool any = false, over = false;

	for (; *s; s++) {
		int d;

		if (*s == '_' && any)
			continue;
		d = isdigit((unsigned char)*s) ? *s - '0' : isxdigit((unsigned char)*s) ? tolower(*s) - 'a' + 10 : 99;
		if (d >= base)
			return 0;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) || __builtin_add_overflow(v, (uint64_t)d, &v))
			over = true;
		any = true;
	}
	if (!any)
		return 0;
	*out = v;
	return over ? -1 : 1;
}

static bool
read_int(const char *s, struct scalar *out)
{
	bool minus = *s == '-';
	int base = 10;
	uint64_t u;

	if (*s == '-' || *s == '+')
		s++;
	if (*s == '0' && s[1]) {
		switch (s[1]) {
		case 'x': base = 16; s += 2; break;
		case 'o': base = 8; s += 2; break;
		case 'b': base = 2; s += 2; break;
		default: base = 8; s++;
		}
	}
	if (*s == '_' || scalar_digits(s, base, &u) != 1)
		return false;
	if (minus) {
		if (u > (uint64_t)INT64_MAX + 1)
			return false;
		out->i = (int64_t)(0 - u);
	} else if (u > INT64_MAX) {
		out->kind = SCALAR_UINT;
		out->u = u;
		return true;
	} else {
		out->i = (int64_t)u;
	}
	out->kind = SCALAR_INT;
	return true;
}

/* [-+]? digits with a dot or an exponent */
static bool
read_float(const char *s, struct scalar *out)
{
	const char *p = s, *mantissa;
	bool any = false, dot = false;

	if (*p == '-' || *p == '+')
		p++;
	if (scalar_is_one_of(p, ".inf", ".Inf", ".INF")) {
		out->kind = SCALAR_FLOAT;
		out->d = *s == '-' ? -INFINITY : INFINITY;
		return true;
	}
	if (scalar_is_one_of(s, ".nan", ".NaN", ".NAN")) {
		out->kind = SCALAR_FLOAT;
		out->d = NAN;
		return true;
	}
	for (mantissa = p; isdigit((unsigned char)*p) || (*p == '.' && !dot); p++) {
		dot |= *p == '.';
		any |= *p != '.';
	}
	if (!any || (p - mantissa > 1 && *mantissa == '0' && isdigit((unsigned char)mantissa[1]) && !dot))
		return false;
	if (*p == 'e' || *p == 'E') {
		p++;
		if (*p == '-' || *p == '+')
			p++;
		if (!isdigit((unsigned char)*p))
			return false;
		while (isdigit((unsigned char)*p))
			p++;
	} else if (!dot) {
		return false;
	}
	if (*p)
		return false;
	out->kind = SCALAR_FLOAT;
	out->d = strtod(s, NULL);
	return true;
}

static struct scalar
scalar_resolve(const char *s)
{
	struct scalar v = { SCALAR_TEXT };

	if (scalar_is_one_of(s, "true", "True", "TRUE") || scalar_is_one_of(s, "false", "False", "FALSE")) {
		v.kind = SCALAR_BOOL;
		v.b = tolower(*s) == 't';
	} else if (strchr("+-.0123456789", *s) && !read_int(s, &v)) {
		read_float(s, &v);
	}
	return v;
}

struct scalar
scalar_of(const struct node *n)
{
	if (n->kind == NODE_NULL)
		return (struct scalar){ SCALAR_NULL };
	if (n->kind != NODE_SCALAR || n->style != STYLE_PLAIN || n->flags & NODE_TEXT || strlen(n->text) != n->len)
		return (struct scalar){ SCALAR_TEXT };
	return scalar_resolve(n->text);
}

bool
scalar_bool(const struct node *n, bool *out)
{
	struct scalar v = scalar_of(n);

	if (v.kind == SCALAR_BOOL)
		*out = v.b;
	return v.kind == SCALAR_BOOL;
}

bool
scalar_int(const struct node *n, int64_t *out)
{
	struct scalar v = scalar_of(n);

	/* Quoted decimal digits count as a number, like bare ones. */
	if (n->kind == NODE_SCALAR && v.kind == SCALAR_TEXT && strlen(n->text) == n->len && n->len) {
		const char *s = n->text + (*n->text == '-' || *n->text == '+');
		uint64_t u;
		bool decimal = scalar_digits(s, 10, &u) == 1;

		if (decimal && u <= INT64_MAX) {
			*out = *n->text == '-' ? -(int64_t)u : (int64_t)u;
			return true;
		}
		if (!decimal && strchr("+-.0123456789", *n->text))
			read_float(n->text, &v);
	}
	if (v.kind == SCALAR_INT)
		*out = v.i;
	else if (v.kind == SCALAR_FLOAT && fabs(v.d) < 0x1p62)
		*out = (int64_t)v.d;
	else
		return false;
	return true;
}

static const char *
float_text(struct arena *a, double d)
{
	AUTO(buf) b = BUF_INIT;

	number_add(&b, d, 6);
	return arena_strdup(a, b.s);
}

const char *
scalar_text(struct arena *a, const struct node *n)
{
	struct scalar v = scalar_of(n);

	if (n->kind > NODE_SCALAR || (n->kind == NODE_SCALAR && strlen(n->text) != n->len))
		return NULL;
	switch (v.kind) {
	case SCALAR_NULL:
		return "";
	case SCALAR_BOOL:
		return v.b ? "true" : "false";
	case SCALAR_INT:
		return arena_printf(a, "%lld", (long long)v.i);
	case SCALAR_UINT:
		return arena_printf(a, "%llu", (unsigned long long)v.u);
	case SCALAR_FLOAT:
		/* Upstream's reader takes a float without a dot for a text where a text is wanted. */
		if (strchr(n->text, '.'))
			return float_text(a, v.d);
		return n->text;
	case SCALAR_TEXT:
		break;
	}
	return n->text;
}

bool
scalar_is_plain(const char *text, size_t len)
{
	if (!len || strlen(text) != len || scalar_resolve(text).kind != SCALAR_TEXT)
		return false;
	if (strchr("-?:,[]{}#&*!|>'\"%@`~<= ", *text) && !(*text == '-' && len > 1 && isalnum((unsigned char)text[1])))
		return false;
	if (!strncmp(text, "...", 3) || !strncmp(text, "---", 3))	/* at the begin of a line they end a document */
		return false;
	if (text[len - 1] == ' ' || text[len - 1] == ':' || !strcasecmp(text, "null") || !strcasecmp(text, "yes") ||
	    !strcasecmp(text, "no") || !strcasecmp(text, "on") || !strcasecmp(text, "off") || !strcasecmp(text, "y") ||
	    !strcasecmp(text, "n"))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c >= 0x7f || strchr("[]{},", c) || (c == ':' && (text[i + 1] == ' ' || text[i + 1] == '?')) ||
		    (c == '#' && i && text[i - 1] == ' '))
			return false;
	}
	/* Other readers take numbers of any size for numbers, and older ones know dates and base 60. */
	return !isdigit((unsigned char)*text) || !(strchr(text, ':') || (len == 10 && text[4] == '-') || strspn(text, "0123456789_") == len);
}
