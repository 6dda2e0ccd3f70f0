/* Names of members: ranges and counts. */
#include <stdlib.h>
#include <string.h>

#include "state/desired/fleet/fleet_file.h"

struct spread {
	struct arena *a;
	struct fleet_names *out;
	size_t cap;
	size_t nranges;
	int number;		/* of the only range of numbers; -1: position counts */
	const char *fault;
};

/* Is it LOW..HIGH, both plain numbers? `width` is that of what is written with a zero in front. */
static bool
names_is_numbers(const char *s, size_t len, long *low, long *high, int *width)
{
	size_t first = strspn(s, "0123456789");

	if (!first || first > 9 || first + 2 >= len || memcmp(s + first, "..", 2) != 0)
		return false;
	if (strspn(s + first + 2, "0123456789") != len - first - 2 || len - first - 2 > 9)
		return false;
	*low = strtol(s, NULL, 10);
	*high = strtol(s + first + 2, NULL, 10);
	*width = *s == '0' && first > 1 ? (int)first : 0;
	return true;
}

static void names_spread(struct spread *sp, const char *done, const char *rest);

static void
names_add(struct spread *sp, const char *name)
{
	struct fleet_names *o = sp->out;

	if (o->n == FLEET_MAX) {
		sp->fault = "stands for more than 5000 names";
		return;
	}
	if (o->n == sp->cap) {
		size_t cap = sp->cap ? sp->cap * 2 : 8;
		const char **v = arena_alloc(sp->a, cap * sizeof *v);
		int *index = arena_alloc(sp->a, cap * sizeof *index);

		if (o->n) {
			memcpy(v, o->v, o->n * sizeof *v);
			memcpy(index, o->index, o->n * sizeof *index);
		}
		o->v = v;
		o->index = index;
		sp->cap = cap;
	}
	o->v[o->n] = name;
	o->index[o->n] = sp->number >= 0 ? sp->number : (int)o->n + 1;
	o->n++;
}

static void
names_numbers(struct spread *sp, const char *done, const char *rest, long low, long high, int width)
{
	if (low > high)
		sp->fault = "has a range that ends before it begins";
	for (long i = low; i <= high && !sp->fault; i++) {
		sp->number = sp->nranges == 1 ? (int)i : -1;
		names_spread(sp, arena_printf(sp->a, "%s%0*ld", done, width, i), rest);
	}
}

static void
names_words(struct spread *sp, const char *done, const char *rest, const char *words, size_t len)
{
	if (!memchr(words, ',', len)) {
		sp->fault = "has a range that is neither {1..3} nor {a,b}";
		return;
	}
	for (const char *end = words + len; words <= end && !sp->fault;) {
		const char *comma = memchr(words, ',', (size_t)(end - words));
		size_t n = (size_t)((comma ? comma : end) - words);

		if (!n)
			sp->fault = "has a range with an empty name in it";
		else
			names_spread(sp, arena_printf(sp->a, "%s%.*s", done, (int)n, words), rest);
		words += n + 1;
	}
}

static void
names_spread(struct spread *sp, const char *done, const char *rest)
{
	const char *open = strchr(rest, '{'), *close = open ? strchr(open, '}') : NULL;
	const char *front, *behind;
	long low, high;
	int width;

	if (!open) {
		if (strchr(rest, '}'))
			sp->fault = "has a `}` without a `{`";
		else
			names_add(sp, arena_printf(sp->a, "%s%s", done, rest));
		return;
	}
	if (!close) {
		sp->fault = "has a `{` without a `}`";
		return;
	}
	front = arena_printf(sp->a, "%s%.*s", done, (int)(open - rest), rest);
	behind = close + 1;
	if (names_is_numbers(open + 1, (size_t)(close - open - 1), &low, &high, &width))
		names_numbers(sp, front, behind, low, high, width);
	else
		names_words(sp, front, behind, open + 1, (size_t)(close - open - 1));
}

/* The pattern without its ranges, and without what only joined them to it. */
static const char *
names_group(struct arena *a, const char *pattern)
{
	char *group = arena_strdup(a, pattern), *to = group;
	int depth = 0;

	for (const char *p = pattern; *p; p++) {
		depth += *p == '{';
		if (!depth)
			*to++ = *p;
		depth -= *p == '}' && depth;
	}
	while (to > group && strchr("-_.", to[-1]))
		to--;
	*to = 0;
	return group;
}

const char *
fleet_names(struct arena *a, const char *pattern, int count, struct fleet_names *out)
{
	struct spread sp = { .a = a, .out = out, .number = -1 };

	*out = (struct fleet_names){ .group = names_group(a, pattern) };
	for (const char *p = pattern; *p; p++)
		sp.nranges += *p == '{';
	if (count >= 0 && sp.nranges)
		return "has a range, and `count` besides; one of them says how many there are";
	if (count > FLEET_MAX || sp.nranges > 4)
		return "stands for more than 5000 names";
	if (count < 0)
		names_spread(&sp, "", pattern);
	for (int i = 1; i <= count; i++)
		names_add(&sp, arena_printf(a, "%s-%d", pattern, i));
	return sp.fault;
}
