/* Scalars as words of YAML: bare if that means the same, quoted if not. */
#include <string.h>

#include "base/buf.h"
#include "base/quote/quote.h"
#include "base/utf8.h"
#include "state/desired/yaml/emit.h"
#include "state/desired/yaml/scalar.h"

/* Tells characters that break lines besides a newline, are invisible, or may not be in a YAML text at all. */
static bool
is_awkward(uint32_t rune)
{
	return (rune >= 0x80 && rune < 0xa0) || rune == 0x2028 || rune == 0x2029 || rune == 0xfeff || rune == 0xfffe || rune == 0xffff;
}

bool
yaml_is_utf8(const char *s, size_t len)
{
	uint32_t rune;
	bool bad = false;

	for (size_t i = 0; i < len && !bad; )
		i += utf8_next(s + i, &rune, &bad);
	return !bad;
}

bool
yaml_fits_literal(const char *s, size_t len)
{
	if (!memchr(s, '\n', len) || *s == '\n' || *s == ' ' || *s == '\t')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || (c == ' ' && i + 1 < len && s[i + 1] == '\n'))
			return false;
	}
	for (size_t i = 0; i < len; ) {
		uint32_t rune;
		bool bad = false;

		i += utf8_next(s + i, &rune, &bad);
		if (bad || is_awkward(rune))
			return false;
	}
	/* Line breaks at the end cannot be told from those that may follow. */
	return s[len - 1] != ' ' && (len < 2 || s[len - 1] != '\n' || s[len - 2] != '\n');
}

static void
emit_quoted(struct buf *out, const char *s, size_t len)
{
	buf_addc(out, '"');
	for (size_t i = 0, n; i < len; i += n) {
		unsigned char c = (unsigned char)s[i];
		uint32_t rune;
		bool bad = false;

		n = utf8_next(s + i, &rune, &bad);
		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c == '\n')
			buf_adds(out, "\\n");
		else if (c == '\t')
			buf_adds(out, "\\t");
		else if (c == '\r')
			buf_adds(out, "\\r");
		else if (c < 0x20 || c == 0x7f)
			buf_addf(out, "\\x%02x", c);
		else if (!bad && is_awkward(rune))
			buf_addf(out, "\\u%04x", (unsigned)rune);
		else
			buf_add(out, s + i, n);
	}
	buf_addc(out, '"');
}

void
yaml_emit_word(struct buf *out, const char *text, size_t len)
{
	if (scalar_is_plain(text, len))
		buf_add(out, text, len);
	else
		emit_quoted(out, text, len);
}

