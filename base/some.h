/* base/some.h - the first of many in words: "a, b, c and 17 more". */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Is the i-th (from 0) still told? Then its comma stands there, and the caller writes it. */
static inline bool
some_next(struct buf *out, size_t i, size_t most)
{
	if (i && i < most)
		buf_adds(out, ", ");
	return i < most;
}

/* Behind the last of `n`. */
static inline void
some_end(struct buf *out, size_t n, size_t most)
{
	if (n > most)
		buf_addf(out, " and %zu more", n - most);
}
