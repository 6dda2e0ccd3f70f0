/* Text that is not ours alone, to a terminal: without what the terminal would obey. */
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/quote/quote.h"
#include "cli/cli.h"

void
cli_print(FILE *to, const char *s, size_t n)
{
	AUTO(buf) clean = BUF_INIT;

	if (!isatty(fileno(to))) {
		fwrite(s, 1, n, to);
		return;
	}
	quote_terminal(&clean, s, n);
	fwrite(clean.s, 1, clean.len, to);
}

void
cli_print_line(const char *s)
{
	cli_print(stdout, s, strlen(s));
	putchar('\n');
}

/* How long the colour at `s` is; 0: there is none. A stranger's text can have colours, too, and no more than that. */
static size_t
say_color_len(const char *s)
{
	size_t n = s[0] == '\033' && s[1] == '[' ? 2 + strspn(s + 2, "0123456789;") : 0;

	return n && s[n] == 'm' ? n + 1 : 0;
}

void
cli_print_colored(FILE *to, const char *s, size_t n)
{
	AUTO(buf) clean = BUF_INIT;

	if (!isatty(fileno(to))) {
		fwrite(s, 1, n, to);
		return;
	}
	for (const char *end = s + n, *from = s; from < end;) {
		size_t color = say_color_len(from);
		const char *next = color ? from + color : from + 1;

		while (!color && next < end && !say_color_len(next))
			next++;
		if (color)
			buf_add(&clean, from, color);
		else
			quote_terminal(&clean, from, (size_t)(next - from));
		from = next;
	}
	fwrite(clean.s, 1, clean.len, to);
}
