/* tests/fuzz/parts.h - an input that is several texts: a byte 0xff, which no text has, stands between them. */
#pragma once
#include "base/buf.h"
#include "tests/fuzz/fuzz.h"

/* The next part, with a NUL behind it; "" when there are no more. */
static inline void
next_part(struct buf *out, const uint8_t **p, size_t *left)
{
	const uint8_t *end = *left ? memchr(*p, 0xff, *left) : NULL;
	size_t n = end ? (size_t)(end - *p) : *left;

	buf_truncate(out, 0);
	if (n)
		buf_add(out, *p, n);
	n += end != NULL;
	*p += n;
	*left -= n;
}
