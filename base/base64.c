#include "base/base64.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(struct buf *out, const void *p, size_t len)
{
	const unsigned char *s = p;

	buf_reserve(out, len / 3 * 4 + 4);
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)s[i] << 16 | (n > 1 ? (uint32_t)s[i + 1] << 8 : 0) | (n > 2 ? s[i + 2] : 0);

		buf_addc(out, letters[v >> 18]);
		buf_addc(out, letters[v >> 12 & 63]);
		buf_addc(out, n > 1 ? letters[v >> 6 & 63] : '=');
		buf_addc(out, n > 2 ? letters[v & 63] : '=');
	}
}

int
base64_decode(struct buf *out, const char *s, size_t len)
{
	uint32_t v = 0;
	size_t n = 0, pad = 0;

	for (size_t i = 0; i < len; i++) {
		const char *l;

		if (strchr(" \t\r\n", s[i]) && s[i])
			continue;
		if (s[i] == '=') {
			pad++;
			continue;
		}
		l = s[i] ? strchr(letters, s[i]) : NULL;
		if (!l || pad)
			return -1;
		v = v << 6 | (uint32_t)(l - letters);
		if (++n % 4)
			continue;
		buf_addc(out, (char)(v >> 16));
		buf_addc(out, (char)(v >> 8));
		buf_addc(out, (char)v);
		v = 0;
	}
	if (n % 4 == 1 || pad > 2)
		return -1;
	if (n % 4 == 2)
		buf_addc(out, (char)(v >> 4));
	if (n % 4 == 3) {
		buf_addc(out, (char)(v >> 10));
		buf_addc(out, (char)(v >> 2));
	}
	return 0;
}
