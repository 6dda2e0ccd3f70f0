/*
 * base/mem.h - memory: allocation that cannot fail, and arenas.
 *
 * Out of memory ends the program: there is nothing sensible left to do, and a
 * killed program is something that the next apply knows how to continue.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n, size_t size);		/* n * size is checked */
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/* Room for one more in an array that doubles: `v[(*n)++] = x` after GROW(v, n, cap). */
#define GROW(v, n, cap) do { \
	if ((n) == (cap)) { \
		(cap) = (cap) ? (cap) * 2 : 8; \
		(v) = xrealloc((v), (cap), sizeof *(v)); \
	} \
} while (0)

/*
 * An arena: many small things that die together. Not for several threads at
 * once. Zeroed is a valid empty arena; release frees everything in it.
 */
struct arena {
	struct arena_block *head;
};

void arena_release(struct arena *a);
void *arena_alloc(struct arena *a, size_t size);	/* zeroed, aligned for anything */
char *arena_strdup(struct arena *a, const char *s);
char *arena_memdup(struct arena *a, const void *p, size_t len);	/* and a NUL behind it */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
