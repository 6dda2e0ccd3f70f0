#include <zstd.h>

#include "base/buf.h"
#include "base/error.h"
#include "providers/pack.h"

enum { LEVEL = 9 };

int
pack_zstd(struct buf *out, const struct buf *tar, struct error *err)
{
	size_t room = ZSTD_compressBound(tar->len), n;

	buf_reserve(out, room + 1);
	n = ZSTD_compress(out->s + out->len, room, tar->s, tar->len, LEVEL);
	if (ZSTD_isError(n))
		return error_set(err, ERR_CHILD, "zstd: %s", ZSTD_getErrorName(n));
	out->len += n;
	out->s[out->len] = '\0';
	return 0;
}
