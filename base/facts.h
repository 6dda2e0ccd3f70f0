/*
 * base/facts.h - name=value pairs: the one currency of desired, observed and stored state.
 *
 * A set holds borrowed strings, or copies in an arena, and never frees: sets die
 * with the arena of their graph. Names are unique; order is that of setting.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;

struct fact {
	const char *name, *value;
};

struct facts {
	struct fact *v;
	size_t n, cap;
};

/* value NULL: the fact is taken out */
void facts_set(struct facts *f, struct arena *a, const char *name, const char *value);
void facts_setf(struct facts *f, struct arena *a, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
const char *facts_get(const struct facts *f, const char *name);	/* NULL: not there */
long long facts_int(const struct facts *f, const char *name, long long fallback);
void facts_copy(struct facts *to, struct arena *a, const struct facts *from);

/* As bytes for the database: name NUL value NUL ... */
void facts_pack(const struct facts *f, struct buf *out);
bool facts_are_packed(const struct facts *f, const char *p, size_t len);	/* would it be these bytes? */
/* The opposite; the facts point into `p`, which must outlive them. -1: not packed facts. */
int facts_unpack(struct facts *f, struct arena *a, const char *p, size_t len);
