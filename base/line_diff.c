#include "base/line_diff.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"

enum { MAX_LINES = 1000, AROUND = 1 };

struct line {
	const char *s;
	size_t len;
};

struct lines {
	struct line *v;
	size_t n, cap;
};

static void
lines_release(struct lines *l)
{
	free(l->v);
}

static void
lines_split(struct lines *out, const char *s)
{
	while (*s) {
		size_t len = strcspn(s, "\n");

		GROW(out->v, out->n, out->cap);
		out->v[out->n++] = (struct line){ s, len };
		s += len + (s[len] == '\n');
	}
}

static bool
line_is(const struct line *a, const struct line *b)
{
	return a->len == b->len && !memcmp(a->s, b->s, a->len);
}

struct told_line {
	char sign;
	const struct line *line;
};

struct line_list {
	struct told_line *v;
	size_t n, cap;
};

static void
line_list_release(struct line_list *l)
{
	free(l->v);
}

static void
line_list_add(struct line_list *l, char sign, const struct line *line)
{
	GROW(l->v, l->n, l->cap);
	l->v[l->n++] = (struct told_line){ sign, line };
}

/* The longest common part, from its end: len[i][j] is that of what follows line i of the one and line j of the other. */
static void
line_diff_middle(struct line_list *out, const struct line *a, size_t n, const struct line *b, size_t m)
{
	bool fits = n <= MAX_LINES && m <= MAX_LINES;
	auto_free uint16_t *len = fits ? xcalloc((n + 1) * (m + 1), sizeof *len) : NULL;
	size_t i = 0, j = 0;

	for (size_t x = n; fits && x-- > 0;)
		for (size_t y = m; y-- > 0;) {
			uint16_t down = len[(x + 1) * (m + 1) + y], right = len[x * (m + 1) + y + 1];

			len[x * (m + 1) + y] = line_is(&a[x], &b[y]) ? (uint16_t)(len[(x + 1) * (m + 1) + y + 1] + 1) : down > right ? down : right;
		}
	while (i < n || j < m)
		if (fits && i < n && j < m && line_is(&a[i], &b[j]))
			line_list_add(out, ' ', &a[i]), i++, j++;
		else if (i < n && (j == m || !fits || len[(i + 1) * (m + 1) + j] >= len[i * (m + 1) + j + 1]))
			line_list_add(out, '-', &a[i++]);
		else
			line_list_add(out, '+', &b[j++]);
}

static bool
line_list_is_near(const struct line_list *l, size_t i)
{
	for (size_t k = i > AROUND ? i - AROUND : 0; k <= i + AROUND && k < l->n; k++)
		if (l->v[k].sign != ' ')
			return true;
	return false;
}

void
line_diff(struct buf *out, const char *have, const char *want, const char *indent)
{
	AUTO(lines) a = { 0 };
	AUTO(lines) b = { 0 };
	AUTO(line_list) told = { 0 };
	size_t front = 0, back = 0;
	bool gap = false;

	lines_split(&a, have);
	lines_split(&b, want);
	while (front < a.n && front < b.n && line_is(&a.v[front], &b.v[front]))
		line_list_add(&told, ' ', &a.v[front++]);
	while (back < a.n - front && back < b.n - front && line_is(&a.v[a.n - 1 - back], &b.v[b.n - 1 - back]))
		back++;
	line_diff_middle(&told, a.v + front, a.n - front - back, b.v + front, b.n - front - back);
	for (size_t i = a.n - back; i < a.n; i++)
		line_list_add(&told, ' ', &a.v[i]);
	for (size_t i = 0; i < told.n; i++) {
		bool near = line_list_is_near(&told, i);

		if (near)
			buf_addf(out, "%s%c %.*s\n", indent, told.v[i].sign, (int)told.v[i].line->len, told.v[i].line->s);
		else if (!gap)
			buf_addf(out, "%s  ...\n", indent);
		gap = !near;
	}
}
