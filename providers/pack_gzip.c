#include "providers/pack_gzip.h"

#include <limits.h>
#include <stdint.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/error.h"

enum { WINDOW = 15, AS_GZIP = 16, MEMORY = 9 };

int
pack_gzip(struct buf *out, const void *p, size_t len, struct error *err)
{
	z_stream z = { 0 };
	size_t room;
	int r;

	if (len > UINT_MAX / 2)
		return error_set(err, ERR_INVALID, "gzip: %zu bytes are too many", len);
	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW + AS_GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		return error_set(err, ERR_CHILD, "gzip: no memory");
	room = deflateBound(&z, len);
	buf_reserve(out, room + 1);
	z.next_in = (unsigned char *)(uintptr_t)p;
	z.avail_in = (unsigned)len;
	z.next_out = (unsigned char *)out->s + out->len;
	z.avail_out = (unsigned)room;
	r = deflate(&z, Z_FINISH);
	deflateEnd(&z);
	if (r != Z_STREAM_END)
		return error_set(err, ERR_CHILD, "gzip: failed");
	out->len += z.total_out;
	out->s[out->len] = '\0';
	return 0;
}
