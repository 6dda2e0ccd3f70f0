/* Graphviz' language, for the inside of "...": a name, or a label */
#include "base/buf.h"
#include "base/quote/quote.h"
#include "base/utf8.h"

/*
 * A reference is the character in a label, and itself in a name, which tells it from any other all the same. A backslash is one in
 * either if it is doubled; as a reference it would be read once more.
 */
void
quote_dot(struct buf *b, const char *s)
{
	while (*s) {
		uint32_t c;
		bool bad = false;
		size_t len = utf8_next(s, &c, &bad);

		if (c == '\\')
			buf_adds(b, "\\\\");
		else if (c == '"' || c == '&' || c == '<' || c == '>' || c == '{' || c == '}' || c == '|')
			buf_addf(b, "&#%u;", c);
		else if (bad || c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
			buf_addc(b, '?');
		else
			buf_add(b, s, len);
		s += len;
	}
}
