/* ssh_config(5): misc.c of OpenSSH, argv_split() and vdollar_percent_expand() */
#include <string.h>

#include "base/buf.h"
#include "base/quote/quote.h"

bool
quote_ssh(struct buf *out, const char *s)
{
	if (strpbrk(s, "\r\n"))
		return false;
	buf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *s);
	}
	buf_addc(out, '"');
	return true;
}

bool
quote_ssh_needs_alias(const char *s)
{
	return strstr(s, "${") != NULL;
}

bool
quote_ssh_path(struct buf *out, const char *s)
{
	struct buf b = BUF_INIT;
	bool fits;

	for (; *s; s++) {
		if (*s == '%')
			buf_adds(&b, "%%");
		else if (*s == '$' && s[1] == '{')
			buf_adds(&b, "%k");
		else
			buf_addc(&b, *s);
	}
	fits = quote_ssh(out, b.s);
	buf_release(&b);
	return fits;
}
