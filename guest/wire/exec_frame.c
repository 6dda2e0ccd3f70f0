#include "guest/wire/exec_frame.h"

#include <string.h>

#include "base/buf.h"

void
exec_frame_head(uint8_t out[EXEC_HEAD], enum exec_type type, size_t len)
{
	out[0] = (uint8_t)type;
	out[1] = (uint8_t)(len >> 16);
	out[2] = (uint8_t)(len >> 8);
	out[3] = (uint8_t)len;
}

void
exec_frame_put(struct buf *b, enum exec_type type, const void *p, size_t len)
{
	uint8_t head[EXEC_HEAD];

	exec_frame_head(head, type, len);
	buf_add(b, head, sizeof head);
	buf_add(b, p, len);
}

long
exec_frame_get(const void *bytes, size_t len, struct exec_frame *out)
{
	const uint8_t *p = bytes;
	size_t size;

	if (len && !strchr("CIESRN12X", p[0]))
		return -1;
	if (len && !p[0])
		return -1;
	if (len < EXEC_HEAD)
		return 0;
	size = (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (size > EXEC_FRAME_MAX)
		return -1;
	if (len - EXEC_HEAD < size)
		return 0;
	*out = (struct exec_frame){ (enum exec_type)p[0], p + EXEC_HEAD, size };
	return (long)(EXEC_HEAD + size);
}

bool
exec_command_get(const struct exec_frame *f, struct exec_command *out)
{
	const char *p = (const char *)f->p, *end = p + f->len;
	size_t user = strnlen(p, f->len), line;

	/* An empty string ends them, so whoever walks along them stays within. */
	if (f->len < 3 || end[-1] || end[-2] || !user || user == f->len)
		return false;
	line = strnlen(p + user + 1, f->len - user - 1);
	if (!line || user + 1 + line + 1 >= f->len)
		return false;
	*out = (struct exec_command){ p, p + user + 1, p + user + line + 2 };
	return true;
}
