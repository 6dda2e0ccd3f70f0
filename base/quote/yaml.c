/* YAML, for readers of YAML 1.1 */
#include "base/buf.h"
#include "base/quote/quote.h"
#include "base/utf8.h"

/*
 * Escapes whatever is not printable ASCII: PyYAML refuses a file for one control
 * character (also U+0080 to U+009F), and folds at U+0085, U+2028 and U+2029.
 */
void
quote_yaml(struct buf *b, const char *s)
{
	buf_addc(b, '"');
	while (*s) {
		uint32_t c;
		bool bad;
		size_t len = utf8_next(s, &c, &bad);

		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", (int)c);
		else if (c == '\n')
			buf_adds(b, "\\n");
		else if (c >= ' ' && c < 0x7f)
			buf_addc(b, (char)c);
		else if (c < 0x100)
			buf_addf(b, "\\x%02x", c);
		else
			buf_addf(b, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
		s += len;
	}
	buf_addc(b, '"');
}
