/* Keys of the snapshots that are taken again and again. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "state/desired/spec/load.h"

enum { NAME_MOST = 64, KEEP_MOST = 100 };

int64_t
spec_every_s(const char *every)
{
	static const struct { char unit; int64_t seconds; } units[] = { { 'm', 60 }, { 'h', 3600 }, { 'd', 24 * 3600 }, { 'w', 7 * 24 * 3600 } };
	size_t digits = strspn(every, "0123456789");

	/* A hundred thousand weeks are no overflow. */
	if (!digits || digits > 5 || !every[digits] || every[digits + 1])
		return 0;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (every[digits] == units[i].unit)
			return strtoll(every, NULL, 10) * units[i].seconds;
	return 0;
}

static void
check_every(struct load *l, const struct val *v)
{
	if (spec_every_s(v->s) <= 0)
		diag_error(l, v, NULL, "must be a number of minutes, hours, days or weeks, as in 30m, 6h, 1d, 2w; got `%s`", v->s);
}

static void
check_keep(struct load *l, const struct val *v)
{
	if (v->i < 1 || v->i > KEEP_MOST)
		diag_error(l, v, NULL, "must be from 1 to %d, got %lld", KEEP_MOST, (long long)v->i);
}

/* It begins the tags of its snapshots. */
static void
check_snapshot_name(struct load *l, const struct val *v)
{
	const struct val *all = val_get(l->root, "snapshots");

	if (!isalnum((unsigned char)v->s[0]) || strspn(v->s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") != strlen(v->s) ||
	    strlen(v->s) > NAME_MOST)
		diag_error(l, v, NULL, "must begin with a letter or a digit and have no more than %d of A-Z, a-z, 0-9, `.`, `_` and `-`; got `%s`", NAME_MOST, v->s);
	for (size_t i = 0; all && i < all->n && all->item[i] != v->up; i++)
		if (!strcmp(val_s(all->item[i], "name"), v->s))
			diag_error(l, v, NULL, "there are two of the name `%s`", v->s);
}

const struct key keys_snapshots[] = {
	{ "name", KEY_TEXT, .flags = KEY_NEEDED, .check = check_snapshot_name, AT(spec_snapshots, name), .change = CHANGE_LIVE,
	  .about = "What they are called: each has its time behind that in its tag." },
	{ "every", KEY_TEXT, .flags = KEY_BLANK_UNSET, .def = "1d", .check = check_every, AT(spec_snapshots, every), .change = CHANGE_LIVE,
	  .about = "How often one is taken: 30m, 6h, 1d, 2w." },
	{ "keep", KEY_INT, .flags = KEY_BLANK_UNSET, .def = "7", .check = check_keep, AT(spec_snapshots, keep), .change = CHANGE_LIVE,
	  .about = "How many are kept: the oldest goes when there is one more." },
	{ NULL }
};
