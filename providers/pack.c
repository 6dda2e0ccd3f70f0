#include "providers/pack.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/error.h"

enum { BLOCK = 512 };

/* POSIX.1-1988 ustar: numbers are octal text. */
struct pack_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100], magic[6], version[2],
		user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct pack_header) == BLOCK, "a header is a block");

static void
pack_pad(struct buf *tar, size_t n)
{
	static const char zeros[BLOCK];

	for (; n; n -= n < BLOCK ? n : BLOCK)
		buf_add(tar, zeros, n < BLOCK ? n : BLOCK);
}

int
pack_add(struct buf *tar, const char *name, const void *p, size_t len, struct error *err)
{
	struct pack_header h = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
	unsigned sum = 0;

	if (strlen(name) >= sizeof h.name || len >> 33)
		return error_set(err, ERR_INVALID, "%s: too long for an archive", name);
	memcpy(h.name, name, strlen(name));
	snprintf(h.mode, sizeof h.mode, "%07o", 0644);
	snprintf(h.uid, sizeof h.uid, "%07o", 0);
	snprintf(h.gid, sizeof h.gid, "%07o", 0);
	snprintf(h.size, sizeof h.size, "%011llo", (unsigned long long)len);
	snprintf(h.mtime, sizeof h.mtime, "%011llo", (unsigned long long)time(NULL) & 077777777777ULL);
	memset(h.sum, ' ', sizeof h.sum);
	for (size_t i = 0; i < sizeof h; i++)
		sum += ((const unsigned char *)&h)[i];
	snprintf(h.sum, sizeof h.sum, "%06o", sum & 0777777);
	buf_add(tar, (const char *)&h, sizeof h);
	buf_add(tar, p, len);
	pack_pad(tar, (BLOCK - len % BLOCK) % BLOCK);
	return 0;
}

void
pack_end(struct buf *tar)
{
	pack_pad(tar, 2 * BLOCK);
}
