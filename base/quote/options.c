/* Option lists: QEMU's and libfuse's. */
#include "base/buf.h"
#include "base/quote/quote.h"

void
quote_qemu(struct buf *out, const char *s)
{
	for (; *s; s++)
		buf_adds(out, *s == ',' ? ",," : (char[]){ *s, '\0' });
}

void
quote_fuse(struct buf *out, const char *s)
{
	for (; *s; s++)
		buf_addf(out, *s == ',' || *s == '\\' ? "\\%c" : "%c", *s);
}
