#include "cli/view/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/quote/quote.h"

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

/* in characters */
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

void
table_print(const struct table *t, struct buf *out)
{
	auto_free size_t *widest = xcalloc(t->columns, sizeof *widest);

	for (size_t i = 0; i < t->n; i++) {
		size_t w = table_width(t->cell[i]);

		if (w > widest[i % t->columns])
			widest[i % t->columns] = w;
	}
	for (size_t i = 0; i < t->n; i++) {
		size_t col = i % t->columns;

		buf_adds(out, t->cell[i]);
		if (col + 1 == t->columns)
			buf_addc(out, '\n');
		else
			for (size_t n = widest[col] + PADDING - table_width(t->cell[i]); n; n--)
				buf_addc(out, ' ');
	}
}
