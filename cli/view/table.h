/*
 * cli/view/table.h - columns of text on stdout, as Go's tabwriter(4, 8, 4, ' ') lines them up:
 * each as wide as its widest cell and four blanks; the last one is not padded.
 */
#pragma once
#include <stddef.h>
#include "base/mem.h"

struct buf;

struct table {
	struct arena arena;
	const char **cell;	/* row after row */
	size_t n, cap, columns;
};

void table_begin(struct table *t, size_t columns);
void table_cell(struct table *t, const char *text);	/* copied */
void table_cellf(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void table_print(const struct table *t, struct buf *out);
void table_release(struct table *t);
