#include "base/quote/quote.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/utf8.h"

static const char *
short_escape(uint32_t r)
{
	switch (r) {
	case '\a': return "\\a";
	case '\b': return "\\b";
	case '\f': return "\\f";
	case '\n': return "\\n";
	case '\r': return "\\r";
	case '\t': return "\\t";
	case '\v': return "\\v";
	case '"': return "\\\"";
	case '\\': return "\\\\";
	default: return NULL;
	}
}

void
quote_go(struct buf *out, const char *s)
{
	buf_addc(out, '"');
	while (*s) {
		uint32_t r;
		bool bad;
		size_t n = utf8_next(s, &r, &bad);
		const char *esc = bad ? NULL : short_escape(r);

		if (esc)
			buf_adds(out, esc);
		else if (bad || r < 0x20 || r == 0x7f)
			buf_addf(out, "\\x%02x", (unsigned char)*s);
		else if (utf8_printable(r))
			buf_add(out, s, n);
		else
			buf_addf(out, r > 0xffff ? "\\U%08x" : "\\u%04x", r);
		s += n;
	}
	buf_addc(out, '"');
}

void
quote_tick(struct buf *out, const char *s)
{
	for (const char *p = s; *p;) {
		uint32_t r;
		bool bad;
		size_t n = utf8_next(p, &r, &bad);

		if (bad || r == '`' || (r < 0x20 && r != '\t') || r == 0x7f || r == 0xfeff) {
			quote_go(out, s);
			return;
		}
		p += n;
	}
	buf_addc(out, '`');
	buf_adds(out, s);
	buf_addc(out, '`');
}

/* Counts the characters from here on that stand for themselves in JSON. */
static size_t
plain_run(const char *s, bool html)
{
	size_t n = 0;

	while (s[n] >= ' ' && s[n] < 0x7f && s[n] != '"' && s[n] != '\\' && !(html && strchr("<>&", s[n])))
		n++;
	return n;
}

void
quote_json(struct buf *out, const char *s, bool html)
{
	buf_addc(out, '"');
	while (*s) {
		uint32_t r;
		bool bad;
		size_t n = plain_run(s, html);

		buf_add(out, s, n);
		if (!*(s += n))
			break;
		n = utf8_next(s, &r, &bad);
		if (bad)
			buf_adds(out, "\\ufffd");
		else if (r == '"' || r == '\\' || r == '\n' || r == '\r' || r == '\t' || r == '\b' || r == '\f')
			buf_adds(out, short_escape(r));
		else if (r < 0x20 || r == 0x2028 || r == 0x2029 || (html && (r == '<' || r == '>' || r == '&')))
			buf_addf(out, "\\u%04x", r);
		else
			buf_add(out, s, n);
		s += n;
	}
	buf_addc(out, '"');
}

void
quote_json_key(struct buf *out, const char *key)
{
	if (out->s[out->len - 1] != '{')
		buf_addc(out, ',');
	quote_json(out, key, false);
	buf_addc(out, ':');
}

void
quote_json_member(struct buf *out, const char *key, const char *text)
{
	quote_json_key(out, key);
	quote_json(out, text, false);
}

void
quote_shell(struct buf *out, const char *s)
{
	static const char bare[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";

	if (*s && s[strspn(s, bare)] == '\0') {
		buf_adds(out, s);
		return;
	}
	buf_addc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_adds(out, "'\"'\"'");
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '\'');
}
