#include "guest/wire/pb.h"

#include <string.h>

#include "base/buf.h"

static bool
pb_varint(struct pb_reader *r, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && r->p < r->end; shift += 7) {
		uint8_t c = *r->p++;

		v |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80)) {
			*out = v;
			return true;
		}
	}
	return false;
}

static bool
pb_fixed(struct pb_reader *r, unsigned n, uint64_t *out)
{
	uint64_t v = 0;

	if ((size_t)(r->end - r->p) < n)
		return false;
	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)r->p[i] << (8 * i);
	r->p += n;
	*out = v;
	return true;
}

static bool
pb_value(struct pb_reader *r, struct pb_field *f)
{
	switch (f->type) {
	case PB_VARINT:
		return pb_varint(r, &f->value);
	case PB_FIXED64:
		return pb_fixed(r, 8, &f->value);
	case PB_FIXED32:
		return pb_fixed(r, 4, &f->value);
	case PB_BYTES:
		if (!pb_varint(r, &f->value) || f->value > (uint64_t)(r->end - r->p))
			return false;
		f->p = r->p;
		f->len = (size_t)f->value;
		r->p += f->len;
		return true;
	}
	return false;
}

bool
pb_next(struct pb_reader *r, struct pb_field *f)
{
	uint64_t key;

	if (r->bad || r->p == r->end)
		return false;
	*f = (struct pb_field){ 0 };
	if (pb_varint(r, &key) && key >> 3 && key >> 3 < 1u << 29) {
		f->number = (uint32_t)(key >> 3);
		f->type = (enum pb_type)(key & 7);
		if (pb_value(r, f))
			return true;
	}
	r->bad = true;
	return false;
}

/* A varint has at most ten bytes. */
static size_t
write_varint(char *c, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		c[n++] = (char)(v | 0x80);
	c[n++] = (char)v;
	return n;
}

static void
put_varint(struct buf *b, uint64_t v)
{
	char c[10];

	buf_add(b, c, write_varint(c, v));
}

void
pb_put_uint(struct buf *b, uint32_t number, uint64_t v)
{
	if (!v)
		return;
	put_varint(b, (uint64_t)number << 3 | PB_VARINT);
	put_varint(b, v);
}

void
pb_put_head(struct buf *b, uint32_t number, size_t len)
{
	put_varint(b, (uint64_t)number << 3 | PB_BYTES);
	put_varint(b, len);
}

void
pb_put_bytes(struct buf *b, uint32_t number, const void *p, size_t len)
{
	if (!len)
		return;
	pb_put_head(b, number, len);
	buf_add(b, p, len);
}

void
pb_put_str(struct buf *b, uint32_t number, const char *s)
{
	pb_put_bytes(b, number, s, strlen(s));
}

size_t
pb_begin(struct buf *b, uint32_t number)
{
	pb_put_head(b, number, 0);
	return b->len;
}

void
pb_end(struct buf *b, size_t begun)
{
	size_t len = b->len - begun, more = 0;

	/* One byte was kept for the length, so there may be room to be made. */
	for (size_t v = len; v >= 0x80; v >>= 7)
		more++;
	buf_reserve(b, more);
	memmove(b->s + begun + more, b->s + begun, len + 1);
	write_varint(b->s + begun - 1, len);
	b->len += more;
}
