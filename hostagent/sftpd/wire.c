#include "hostagent/sftpd/wire.h"

#include <endian.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"

static const uint32_t ATTR_EXTENDED = 0x80000000;

static const uint8_t *
wire_take(struct wire *w, size_t n)
{
	const uint8_t *p = w->p;

	if (w->bad || (size_t)(w->end - p) < n) {
		w->bad = true;
		return NULL;
	}
	w->p += n;
	return p;
}

uint32_t
wire_u32(struct wire *w)
{
	const uint8_t *p = wire_take(w, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, 4);
	return be32toh(v);
}

uint64_t
wire_u64(struct wire *w)
{
	uint64_t high = wire_u32(w);

	return high << 32 | wire_u32(w);
}

struct wire_text
wire_text(struct wire *w)
{
	size_t len = wire_u32(w);
	const uint8_t *p = wire_take(w, len);

	return p ? (struct wire_text){ (const char *)p, len } : (struct wire_text){ "", 0 };
}

struct wire_attrs
wire_attrs(struct wire *w)
{
	struct wire_attrs a = { .flags = wire_u32(w) };

	if (a.flags & ATTR_SIZE)
		a.size = wire_u64(w);
	if (a.flags & ATTR_OWNER) {
		a.uid = wire_u32(w);
		a.gid = wire_u32(w);
	}
	if (a.flags & ATTR_MODE)
		a.mode = wire_u32(w);
	if (a.flags & ATTR_TIMES) {
		a.atime = wire_u32(w);
		a.mtime = wire_u32(w);
	}
	/* Extensions are pairs of name and value; none is defined. */
	if (a.flags & ATTR_EXTENDED)
		for (uint32_t n = wire_u32(w); n && !w->bad; n--) {
			wire_text(w);
			wire_text(w);
		}
	return a;
}

void
wire_put_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, 1);
}

void
wire_put_u32(struct buf *b, uint32_t v)
{
	v = htobe32(v);
	buf_add(b, &v, 4);
}

void
wire_put_u64(struct buf *b, uint64_t v)
{
	v = htobe64(v);
	buf_add(b, &v, 8);
}

void
wire_put_text(struct buf *b, const char *p, size_t len)
{
	wire_put_u32(b, (uint32_t)len);
	buf_add(b, p, len);
}

void
wire_put_attrs(struct buf *b, const struct stat *st)
{
	wire_put_u32(b, ATTR_SIZE | ATTR_OWNER | ATTR_MODE | ATTR_TIMES);
	wire_put_u64(b, (uint64_t)st->st_size);
	wire_put_u32(b, st->st_uid);
	wire_put_u32(b, st->st_gid);
	wire_put_u32(b, st->st_mode);
	wire_put_u32(b, (uint32_t)st->st_atime);
	wire_put_u32(b, (uint32_t)st->st_mtime);
}

size_t
wire_begin(struct buf *b, enum sftpd_packet type, uint32_t id)
{
	size_t begin = b->len;

	wire_put_u32(b, 0);
	wire_put_u8(b, (uint8_t)type);
	wire_put_u32(b, id);
	return begin;
}

void
wire_set_u32(struct buf *b, size_t at, uint32_t v)
{
	v = htobe32(v);
	memcpy(b->s + at, &v, 4);
}

void
wire_end(struct buf *b, size_t begin)
{
	wire_set_u32(b, begin, (uint32_t)(b->len - begin - 4));
}
