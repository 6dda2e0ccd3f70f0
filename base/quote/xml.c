/* XML 1.0, for attributes and text alike */
#include "base/buf.h"
#include "base/quote/quote.h"
#include "base/utf8.h"

/* What XML has no way to say (control characters, surrogates, U+FFFE and U+FFFF) is a `?`; blanks of an attribute are kept as references. */
void
quote_xml(struct buf *b, const char *s)
{
	while (*s) {
		uint32_t c;
		bool bad = false;
		size_t len = utf8_next(s, &c, &bad);

		if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'' || c == '\n' || c == '\t' || c == '\r' ||
		    (c >= 0x7f && c < 0xa0))
			buf_addf(b, "&#%u;", c);
		else if (bad || c < ' ' || c == 0xfffe || c == 0xffff)
			buf_addc(b, '?');
		else
			buf_add(b, s, len);
		s += len;
	}
}
