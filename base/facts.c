#include "base/facts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* An arena does not resize, so a full array is copied, which happens log n times. */
static void
facts_add(struct facts *f, struct arena *a, const char *name, const char *value)
{
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 8;
		struct fact *v = arena_alloc(a, cap * sizeof *v);

		if (f->n)
			memcpy(v, f->v, f->n * sizeof *v);
		f->v = v;
		f->cap = cap;
	}
	f->v[f->n++] = (struct fact){ name, value };
}

void
facts_set(struct facts *f, struct arena *a, const char *name, const char *value)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->v[i].name, name))
			continue;
		if (value) {
			if (strcmp(f->v[i].value, value) != 0)
				f->v[i].value = arena_strdup(a, value);
		} else {
			f->n--;
			memmove(&f->v[i], &f->v[i + 1], (f->n - i) * sizeof *f->v);
		}
		return;
	}
	if (value)
		facts_add(f, a, arena_strdup(a, name), arena_strdup(a, value));
}

void
facts_setf(struct facts *f, struct arena *a, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	facts_set(f, a, name, arena_vprintf(a, fmt, ap));
	va_end(ap);
}

const char *
facts_get(const struct facts *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (*f->v[i].name == *name && !strcmp(f->v[i].name, name))
			return f->v[i].value;
	return NULL;
}

long long
facts_int(const struct facts *f, const char *name, long long fallback)
{
	const char *s = facts_get(f, name);
	char *end;
	long long n;

	if (!s || !*s)
		return fallback;
	errno = 0;
	n = strtoll(s, &end, 10);
	return errno || *end ? fallback : n;
}

void
facts_copy(struct facts *to, struct arena *a, const struct facts *from)
{
	for (size_t i = 0; i < from->n; i++)
		facts_set(to, a, from->v[i].name, from->v[i].value);
}

void
facts_pack(const struct facts *f, struct buf *out)
{
	for (size_t i = 0; i < f->n; i++) {
		buf_add(out, f->v[i].name, strlen(f->v[i].name) + 1);
		buf_add(out, f->v[i].value, strlen(f->v[i].value) + 1);
	}
}

static bool
pack_has(const char **p, const char *end, const char *text)
{
	size_t len = strlen(text) + 1;

	/* Facts that were unpacked and not set since point into the text. */
	if ((size_t)(end - *p) < len || (*p != text && memcmp(*p, text, len) != 0))
		return false;
	*p += len;
	return true;
}

bool
facts_are_packed(const struct facts *f, const char *p, size_t len)
{
	const char *end = p + len;

	for (size_t i = 0; i < f->n; i++)
		if (!pack_has(&p, end, f->v[i].name) || !pack_has(&p, end, f->v[i].value))
			return false;
	return p == end;
}

int
facts_unpack(struct facts *f, struct arena *a, const char *p, size_t len)
{
	const char *end = p + len;

	while (p < end) {
		const char *value = memchr(p, '\0', (size_t)(end - p));
		const char *next;

		if (!value || ++value >= end || !(next = memchr(value, '\0', (size_t)(end - value))))
			return -1;
		facts_add(f, a, p, value);
		p = next + 1;
	}
	return 0;
}
