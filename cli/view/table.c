#include "cli/view/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/quote/quote.h"
#include "base/utf8.h"

enum { PADDING = 4 };

void
table_begin(struct table *t, size_t columns)
{
	*t = (struct table){ .columns = columns };
}

void
table_release(struct table *t)
{
	free(t->cell);
	arena_release(&t->arena);
	*t = (struct table){ 0 };
}

void
table_cell(struct table *t, const char *text)
{
	GROW(t->cell, t->n, t->cap);
	t->cell[t->n++] = arena_strdup(&t->arena, text);
}

void
table_cellf(struct table *t, const char *fmt, ...)
{
	va_list ap;

	GROW(t->cell, t->n, t->cap);
	va_start(ap, fmt);
	t->cell[t->n++] = arena_vprintf(&t->arena, fmt, ap);
	va_end(ap);
}

/* The width is in characters. */
static size_t
table_width(const char *s)
{
	size_t n = 0;
	uint32_t rune;
	bool bad;

	for (; *s; n++)
		s += utf8_next(s, &rune, &bad);
	return n;
}

static bool
table_shows(const struct table *t, size_t column)
{
	return !(t->hidden >> column & 1);
}

static size_t
table_padding(const struct table *t)
{
	return t->narrow ? PADDING / 2 : PADDING;
}

/* Of each column, what its widest cell takes; to free. */
static size_t *
table_widest(const struct table *t)
{
	size_t *widest = xcalloc(t->columns, sizeof *widest);

	for (size_t i = 0; i < t->n; i++) {
		size_t w = table_width(t->cell[i]);

		if (w > widest[i % t->columns])
			widest[i % t->columns] = w;
	}
	return widest;
}

static bool
table_fits(const struct table *t, const size_t *widest, size_t width)
{
	size_t sum = 0;

	for (size_t i = 0; i < t->columns; i++)
		if (table_shows(t, i))
			sum += (sum ? table_padding(t) : 0) + widest[i];
	return sum <= width;
}

void
table_fit(struct table *t, size_t width, const int *order)
{
	auto_free size_t *widest = table_widest(t);

	for (; width && *order >= 0 && !table_fits(t, widest, width); order++) {
		if (*order == TABLE_NARROW)
			t->narrow = true;
		else
			t->hidden |= 1u << *order;
	}
}

size_t
table_terminal(void)
{
	struct winsize w = { 0 };

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 ? 0 : w.ws_col;
}

static void
table_print_row(const struct table *t, const size_t *widest, const char *const *cell, struct buf *out)
{
	size_t blanks = 0;

	for (size_t i = 0; i < t->columns; i++) {
		if (!table_shows(t, i))
			continue;
		for (; blanks; blanks--)
			buf_addc(out, ' ');
		buf_adds(out, cell[i]);
		blanks = widest[i] + table_padding(t) - table_width(cell[i]);
	}
	buf_addc(out, '\n');
}

void
table_print(const struct table *t, struct buf *out)
{
	auto_free size_t *widest = table_widest(t);

	for (size_t i = 0; i < t->n; i += t->columns)
		table_print_row(t, widest, t->cell + i, out);
}
