/* systemd.syntax(7), systemd.unit(5) */
#include <string.h>

#include "base/buf.h"
#include "base/quote/quote.h"

void
quote_systemd(struct buf *out, const char *s)
{
	buf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '%')
			buf_adds(out, "%%");
		else if (*s == '"' || *s == '\\')
			buf_addf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || *s == 0x7f)
			buf_addf(out, "\\x%02x", (unsigned char)*s);
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

/* As an argument of ExecStart=, where variables are put in. */
static void
quote_argument(struct buf *out, const char *s)
{
	struct buf b = BUF_INIT;

	for (; *s; s++)
		buf_addf(&b, *s == '$' ? "$$" : "%c", *s);
	quote_systemd(out, b.s);
	buf_release(&b);
}

void
quote_systemd_program(struct buf *out, const char *path)
{
	bool plain = true;

	for (const char *p = path; *p; p++)
		plain &= !strchr("\"'\\", *p) && (unsigned char)*p >= ' ' && *p != 0x7f;
	if (plain) {
		quote_systemd(out, path);
		return;
	}
	buf_adds(out, "/bin/sh -c \"exec \\\"$$0\\\" \\\"$$@\\\"\" ");
	quote_argument(out, path);
}
