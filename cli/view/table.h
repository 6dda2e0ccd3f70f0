/*
 * cli/view/table.h - columns of text on stdout, as Go's tabwriter(4, 8, 4, ' ') lines them up:
 * each as wide as its widest cell and four blanks; the last one is not padded.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/mem.h"

struct buf;

struct table {
	struct arena arena;
	const char **cell;	/* row after row */
	size_t n, cap, columns;
	unsigned hidden;	/* a bit a column that is left out */
	bool narrow;		/* two blanks between columns, not four */
};

void table_begin(struct table *t, size_t columns);
void table_cell(struct table *t, const char *text);	/* copied */
void table_cellf(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * Makes it fit on a terminal of `width` columns (0: no terminal, it stays as it is): leaves out one column after the other of
 * `order`, which ends at -1; at TABLE_NARROW it moves the columns together. No cell is cut: a name is there to be copied.
 */
enum { TABLE_NARROW = 32 };
void table_fit(struct table *t, size_t width, const int *order);
/* The columns of the terminal that stdout is; 0: it is none. */
size_t table_terminal(void);
void table_print(const struct table *t, struct buf *out);
void table_release(struct table *t);
