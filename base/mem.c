#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
mem_check(void *p)
{
	if (!p) {
		fputs("limactl: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *
xcalloc(size_t n, size_t size)
{
	return mem_check(calloc(n ? n : 1, size ? size : 1));
}

void *
xrealloc(void *p, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		abort();
	return mem_check(realloc(p, total ? total : 1));
}

char *
xstrdup(const char *s)
{
	return mem_check(strdup(s));
}

char *
xstrndup(const char *s, size_t n)
{
	return mem_check(strndup(s, n));
}

/*
 * What has no conversion but %s, as nearly all paths: libc takes five times as long. The length of the text, or -1: it has
 * others, or there is no room.
 */
static int
format_texts(char *out, size_t size, const char *fmt, va_list ap)
{
	size_t n = 0, len;

	for (; *fmt; fmt++) {
		const char *s = fmt;

		if (*fmt == '%' && *++fmt != 's')
			return -1;
		if (*fmt == 's' && fmt != s) {
			s = va_arg(ap, const char *);
			if (!s)
				return -1;
			len = strlen(s);
		} else {
			len = strcspn(s, "%");
			fmt += len - 1;
		}
		if (len >= size - n)
			return -1;
		memcpy(out + n, s, len);
		n += len;
	}
	return (int)n;
}

char *
xasprintf(const char *fmt, ...)
{
	char text[256], *s;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = format_texts(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n >= 0)
		return xstrndup(text, (size_t)n);
	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return mem_check(n < 0 ? NULL : s);
}

enum { BLOCK = 16 * 1024, ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(ALIGN) char data[];
};

void
arena_release(struct arena *a)
{
	struct arena_block *b, *next;

	for (b = a->head; b; b = next) {
		next = b->next;
		free(b);
	}
	a->head = NULL;
}

/* The room is not initialised; a large one gets a block of its own behind the current one. */
static char *
mem_take(struct arena *a, size_t size)
{
	struct arena_block *b = a->head;
	size_t room = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);

	if (room < size)
		abort();
	if (b && b->size - b->used >= room) {
		b->used += room;
		return b->data + b->used - room;
	}
	b = mem_check(malloc(sizeof *b + (room > BLOCK ? room : BLOCK)));
	b->size = room > BLOCK ? room : BLOCK;
	b->used = room;
	if (room > BLOCK && a->head) {
		b->next = a->head->next;
		a->head->next = b;
	} else {
		b->next = a->head;
		a->head = b;
	}
	return b->data;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	return memset(mem_take(a, size), 0, size);
}

char *
arena_memdup(struct arena *a, const void *p, size_t len)
{
	char *s = mem_take(a, len + 1);

	if (len)
		memcpy(s, p, len);
	s[len] = '\0';
	return s;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_memdup(a, s, strlen(s));
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	char text[256], *s;
	va_list again;
	int n;

	va_copy(again, ap);
	n = format_texts(text, sizeof text, fmt, again);
	va_end(again);
	if (n >= 0)
		return arena_memdup(a, text, (size_t)n);
	/* Formatting is what costs, and most texts fit at the first try. */
	va_copy(again, ap);
	n = vsnprintf(text, sizeof text, fmt, again);
	va_end(again);
	if (n < 0)
		abort();
	s = mem_take(a, (size_t)n + 1);
	if ((size_t)n < sizeof text)
		return memcpy(s, text, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	return s;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}
