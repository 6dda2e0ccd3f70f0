#include "base/jsonspan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

struct json_span
json_span_of(const char *text)
{
	return (struct json_span){ text, text ? strlen(text) : 0 };
}

static const char *
skip_blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* From a quote to behind its fellow; `end` if there is none. */
static const char *
skip_string(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		const char *q = memchr(p, '"', (size_t)(end - p)), *b;

		if (!q)
			return end;
		b = memchr(p, '\\', (size_t)(q - p));
		if (!b)
			return q + 1;
		p = b + 1;	/* and over what is escaped */
	}
	return end;
}

/* Behind the value that begins at `p`. Brackets need only be counted: the text was well-formed when it was written. */
static const char *
skip_value(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		char c = *p;

		if (c == '"') {
			p = skip_string(p, end);
		} else if (c == '{' || c == '[') {
			depth++;
			p++;
			continue;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return p;
			depth--;
			p++;
		} else if (depth == 0) {
			if (c == ',')
				return p;
			while (p < end && *p != ',' && *p != '}' && *p != ']' && *p != ' ' && *p != '\n')
				p++;
			return p;
		} else {
			p++;
			continue;
		}
		if (depth == 0)
			return p;
	}
	return end;
}

struct json_span
json_each(struct json_span v, size_t *at, struct json_span *key)
{
	struct json_span none = { 0 }, out;
	const char *end, *p;

	if (!v.p || v.len < 2 || (v.p[0] != '{' && v.p[0] != '['))
		return none;
	end = v.p + v.len;
	p = skip_blank(v.p + (*at ? *at : 1), end);
	if (*at && p < end && *p == ',')
		p = skip_blank(p + 1, end);
	if (v.p[0] == '{') {
		const char *begin = p;

		if (p >= end || *p != '"')
			return none;
		p = skip_string(p, end);
		if (key)
			*key = (struct json_span){ begin, (size_t)(p - begin) };
		p = skip_blank(p, end);
		if (p >= end || *p != ':')
			return none;
		p = skip_blank(p + 1, end);
	}
	if (p >= end || *p == ']' || *p == '}')
		return none;
	out.p = p;
	p = skip_value(p, end);
	out.len = (size_t)(p - out.p);
	*at = (size_t)(p - v.p);
	return out;
}

struct json_span
json_next(struct json_span text, size_t *at)
{
	const char *end = text.p + text.len, *p = text.p ? skip_blank(text.p + *at, end) : NULL, *q;

	if (!p || p >= end)
		return (struct json_span){ 0 };
	q = skip_value(p, end);
	if (q == p)	/* a stray bracket or comma: the rest is for the parser to complain about */
		q = end;
	*at = (size_t)(q - text.p);
	return (struct json_span){ p, (size_t)(q - p) };
}

static struct json_span
jsonspan_member(struct json_span v, const char *name, size_t len)
{
	struct json_span key, value;
	size_t at = 0;

	if (!v.p || v.len == 0 || v.p[0] != '{')
		return (struct json_span){ 0 };
	while ((value = json_each(v, &at, &key)).p)
		if (key.len == len + 2 && memcmp(key.p + 1, name, len) == 0)
			return value;
	return (struct json_span){ 0 };
}

struct json_span
json_at(struct json_span v, const char *path)
{
	while (v.p && *path) {
		size_t len = strcspn(path, ".");

		v = jsonspan_member(v, path, len);
		path += len + (path[len] == '.');
	}
	return v;
}

static int
jsonspan_hex4(const char *p, const char *end, uint32_t *out)
{
	uint32_t v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v << 4 | (uint32_t)((c | 32) - 'a' + 10);
		else
			return -1;
	}
	*out = v;
	return 0;
}

/* Behind a backslash; returns what follows. */
static const char *
jsonspan_unescape(const char *p, const char *end, struct buf *b)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *simple = strchr(from, *p);
	char utf8[4];
	uint32_t r, low;

	if (*p != 'u') {
		buf_addc(b, simple && *p ? to[simple - from] : *p);
		return p + 1;
	}
	if (jsonspan_hex4(p + 1, end, &r) < 0)
		return end;
	p += 5;
	if (r >= 0xd800 && r < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
	    jsonspan_hex4(p + 2, end, &low) == 0 && low >= 0xdc00 && low < 0xe000) {
		r = 0x10000 + ((r - 0xd800) << 10 | (low - 0xdc00));
		p += 6;
	}
	buf_add(b, utf8, utf8_put(utf8, r));
	return p;
}

char *
json_text(struct arena *a, struct json_span v)
{
	const char *p = v.p, *end;
	AUTO(buf) b = BUF_INIT;

	if (!v.p)
		return arena_strdup(a, "");
	end = p + v.len;
	if (v.len < 2 || *p != '"')
		return arena_memdup(a, v.p, v.len);
	for (p++, end--; p < end;) {
		if (*p == '\\' && p + 1 < end)
			p = jsonspan_unescape(p + 1, end, &b);
		else
			buf_addc(&b, *p++);
	}
	return arena_memdup(a, b.s, b.len);
}

long long
json_int(struct json_span v, long long fallback)
{
	char digits[32], *end;
	long long n;

	if (!v.p || v.len == 0 || v.len >= sizeof digits)
		return fallback;
	memcpy(digits, v.p, v.len);
	digits[v.len] = '\0';
	n = strtoll(digits, &end, 10);
	return *end ? fallback : n;
}

bool
json_true(struct json_span v)
{
	return v.len == 4 && memcmp(v.p, "true", 4) == 0;
}
