/* Text of strangers on its way to a terminal. */
#include <string.h>

#include "base/buf.h"
#include "base/quote/quote.h"
#include "base/utf8.h"

/* Behind ESC [: parameters and intermediates, then one letter (ECMA-48, 5.4). */
static size_t
csi_len(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= 0x20 && s[i] <= 0x3f)
		i++;
	return i < n && s[i] >= 0x40 && s[i] <= 0x7e ? i + 1 : i;
}

/* Behind ESC ] and its like: up to BEL or ST, both included. One without an end is taken to reach to that of its line. */
static size_t
string_len(const char *s, size_t n)
{
	for (size_t i = 0; i < n && s[i] != '\n'; i++) {
		if (s[i] == '\a')
			return i + 1;
		if (s[i] == '\033' && i + 1 < n && s[i + 1] == '\\')
			return i + 2;
		if ((unsigned char)s[i] == 0xc2 && i + 1 < n && (unsigned char)s[i + 1] == 0x9c)
			return i + 2;
	}
	return strcspn(s, "\n") < n ? strcspn(s, "\n") : n;
}

/* The length of a control sequence whose second character, or C1 form, is `c`, from behind that on. */
static size_t
sequence_len(unsigned c, const char *s, size_t n)
{
	if (c == '[')
		return csi_len(s, n);
	if (strchr("]PX^_", (int)c))
		return string_len(s, n);
	if (c >= 0x20 && c <= 0x2f) {	/* ESC, intermediates, one final character */
		size_t i = 0;

		while (i < n && s[i] >= 0x20 && s[i] <= 0x2f)
			i++;
		return i < n ? i + 1 : i;
	}
	return 0;
}

/* What makes a line read otherwise than it is: embeddings, overrides and isolates of direction. */
static bool
turns_text(uint32_t rune)
{
	return (rune >= 0x202a && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069);
}

void
quote_terminal(struct buf *out, const char *s, size_t n)
{
	for (const char *end = s + n; s < end;) {
		uint32_t rune;
		bool bad;
		size_t len = utf8_next(s, &rune, &bad);

		if (len > (size_t)(end - s)) {
			len = (size_t)(end - s);
			bad = true;
		}
		if (!bad && rune == 0x1b && end - s > 1 && s[1] != '\n')
			len = 2 + sequence_len((unsigned char)s[1], s + 2, (size_t)(end - s) - 2);
		else if (!bad && rune >= 0x80 && rune < 0xa0)
			len += sequence_len(rune - 0x40, s + len, (size_t)(end - s) - len);
		else if (bad || (rune < 0x20 && rune != '\n' && rune != '\t' && rune != '\r') || rune == 0x7f || turns_text(rune))
			buf_addc(out, '?');
		else if (rune != '\r')
			buf_add(out, s, len);
		s += len;
	}
}
