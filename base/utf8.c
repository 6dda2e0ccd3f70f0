#include "base/utf8.h"

#include "base/auto.h"

size_t
utf8_next(const char *s, uint32_t *rune, bool *bad)
{
	const unsigned char *p = (const unsigned char *)s;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3
		: p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;
	uint32_t r;

	*bad = false;
	if (len == 1) {
		*rune = p[0];
		return 1;
	}
	r = len ? p[0] & (0x7fu >> len) : 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			len = 0;
			break;
		}
		r = r << 6 | (p[i] & 0x3f);
	}
	if (len == 0 || r < least[len] || r > 0x10ffff || (r >= 0xd800 && r < 0xe000)) {
		*bad = true;
		*rune = 0xfffd;
		return 1;
	}
	*rune = r;
	return len;
}

/* Blanks, controls, formats, surrogates and private use: the large ranges that are assigned otherwise are printable. */
static const struct { uint32_t first, last; } unprintable[] = {
	{ 0x7f, 0xa0 }, { 0xad, 0xad }, { 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd }, { 0x70f, 0x70f },
	{ 0x1680, 0x1680 }, { 0x180e, 0x180e }, { 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f },
	{ 0x3000, 0x3000 }, { 0xd800, 0xf8ff }, { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
	{ 0xe0000, 0xe00ff }, { 0xe01f0, 0x10ffff },
};

bool
utf8_printable(uint32_t r)
{
	if (r < 0x20)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(unprintable); i++)
		if (r >= unprintable[i].first && r <= unprintable[i].last)
			return false;
	return true;
}

size_t
utf8_put(char out[4], uint32_t r)
{
	size_t more;

	if (r > 0x10ffff || (r >= 0xd800 && r < 0xe000))
		r = 0xfffd;
	more = r < 0x80 ? 0 : r < 0x800 ? 1 : r < 0x10000 ? 2 : 3;
	for (size_t i = more; i > 0; i--, r >>= 6)
		out[i] = (char)(0x80 | (r & 0x3f));
	out[0] = (char)(more ? (0xff00u >> (more + 1) & 0xff) | r : r);
	return more + 1;
}
