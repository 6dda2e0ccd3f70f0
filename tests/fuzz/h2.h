/*
 * tests/fuzz/h2.h - turns an input into HTTP/2 frames, so that a fuzzer gets past their framing.
 *
 * An input is a list of steps: an opcode byte, then what it needs. Frames get a
 * correct length; the rest of them is the input's. Opcode 0xff: everything behind is raw.
 */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "tests/fuzz/fuzz.h"

struct steps {
	const uint8_t *p;
	size_t left;
};

static inline unsigned
take(struct steps *s)
{
	if (!s->left)
		return 0;
	s->left--;
	return *s->p++;
}

static inline void
frame(struct buf *out, unsigned type, unsigned flags, unsigned id, const void *p, size_t len)
{
	buf_add(out, (const char[9]){ (char)(len >> 16), (char)(len >> 8), (char)len, (char)type, (char)flags, 0, 0,
				      (char)(id >> 8), (char)id }, 9);
	buf_add(out, p, len);
}

/* Some of the input: a length of one byte or, above 250, of two. */
static inline const uint8_t *
chunk(struct steps *s, size_t *len)
{
	const uint8_t *p;
	size_t n = take(s);

	if (n > 250)
		n = n << 8 | take(s);
	*len = n < s->left ? n : s->left;
	p = s->p;
	s->p += *len;
	s->left -= *len;
	return p;
}

/* A gRPC message in a DATA frame; its length right unless `lie`. */
static inline void
message(struct buf *out, unsigned flags, unsigned id, const uint8_t *p, size_t len, unsigned lie)
{
	char head[5] = { 0, 0, (char)(len >> 16), (char)(len >> 8), (char)(len + lie) };
	char whole[70000];

	if (len > sizeof whole - 5)
		len = sizeof whole - 5;
	memcpy(whole, head, 5);
	if (len)
		memcpy(whole + 5, p, len);
	frame(out, 0, flags, id, whole, len + 5);
}
