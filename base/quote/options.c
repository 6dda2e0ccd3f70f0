/* Lists of options. */
#include "base/buf.h"
#include "base/quote/quote.h"

void
quote_option(struct buf *out, const char *s)
{
	for (; *s; s++)
		buf_adds(out, *s == ',' ? ",," : (char[]){ *s, '\0' });
}
