/* YAML of cidata: scalars that stay scalars */
#include "base/buf.h"
#include "resources/cidata_files.h"

/* one code point of well-formed UTF-8 at `s`, its length in *len; else the byte by itself, as U+FFFD */
static unsigned
code_point(const unsigned char *s, int *len)
{
	int n = s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : 1;
	unsigned c = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));

	*len = 1;
	for (int i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0xfffd;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (s[0] >= 0x80 && (n == 1 || (n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)) || (c >= 0xd800 && c < 0xe000)))
		return 0xfffd;
	*len = n;
	return c;
}

/*
 * Escapes whatever is not printable ASCII: PyYAML refuses a file for one control
 * character (also U+0080 to U+009F), and folds at U+0085, U+2028 and U+2029.
 */
void
cidata_quote(struct buf *b, const char *s)
{
	buf_addc(b, '"');
	while (*s) {
		int len;
		unsigned c = code_point((const unsigned char *)s, &len);

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
