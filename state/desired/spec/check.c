/* The checks that the table asks for: all of them, not just up to the first failure. */
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "base/size.h"
#include "base/utf8.h"
#include "state/desired/spec/load.h"

static void
check_word(struct load *l, const struct val *v)
{
	const char *near;

	/* A wrong default comes from another value, which has been reported. */
	if (!v->at || word_in(v->s, v->key->words))
		return;
	near = *v->s ? nearest_word(l->a, v->s, v->key->words) : NULL;
	diag_error(l, v, NULL, "must be %s, got `%s`%s", words_text(l->a, v->key->words), v->s,
		 nearest_hint(l->a, near));
}

static void
check_size(struct load *l, const struct val *v)
{
	struct error why;
	uint64_t bytes;

	if (size_parse(&bytes, v->s, &why) < 0)
		diag_error(l, v, NULL, "has an invalid value: %s; a size is a number and a unit, such as `4GiB`", why.msg);
}

/* Blanks and tabs may be in a line; what else is below them would end it, or is an order to a terminal. */
static bool
is_line(const char *s)
{
	uint32_t rune;
	bool bad;

	for (size_t n; *s; s += n) {
		n = 1;
		if (*s >= ' ' && *s < 0x7f)
			continue;
		n = utf8_next(s, &rune, &bad);
		if ((rune < ' ' && rune != '\t') || (rune >= 0x7f && rune < 0xa0))
			return false;
	}
	return true;
}

/*
 * Most texts become a word of a command line, a line of a file or a part of a message, and none of these can hold a
 * line break.
 */
static void
check_line(struct load *l, const struct val *v)
{
	static const char fault[] = "must be one line without control characters (in YAML, `|-` and `>-` leave the last line break out)";

	/* A wrong default comes from another value, which is reported. */
	if (!v->at || v->key->flags & KEY_LINES)
		return;
	if (v->type == KEY_TEXT && !is_line(v->s))
		diag_error(l, v, NULL, "%s", fault);
	for (size_t i = 0; v->type == KEY_MAP && i < v->npair; i++)
		if (!is_line(v->pair[i].key) || !is_line(v->pair[i].value))
			diag_error_at(l, v, v->pair[i].key, v->pair[i].at, "%s", fault);
}

static void check_val(struct load *l, const struct val *v);

/* A value of a wrong type has been reported already. */
static bool
check_refused(const struct val *group, const struct key *k, const struct val *v)
{
	const struct node *n = group->at ? node_get(group->at, k->name) : NULL;

	return n && n->kind != NODE_NULL && (!v || (v->type == KEY_LIST && n->kind == NODE_LIST && n->n));
}

static void
check_group(struct load *l, const struct val *v)
{
	for (size_t i = 0; v->key->sub[i].name; i++) {
		const struct key *k = &v->key->sub[i];

		if (k->moot && k->moot(v))
			continue;
		if (k->flags & KEY_NEEDED && val_empty(v->sub[i]) && !check_refused(v, k, v->sub[i]))
			diag_error(l, v, k->name, "must be set");
		else if (v->sub[i])
			check_val(l, v->sub[i]);
	}
}

static void
check_val(struct load *l, const struct val *v)
{
	if (v->type == KEY_TEXT && v->key->words)
		check_word(l, v);
	if (v->type == KEY_TEXT || v->type == KEY_MAP)
		check_line(l, v);
	if (v->type == KEY_SIZE && *v->s)
		check_size(l, v);
	if (v->type == KEY_GROUP)
		check_group(l, v);
	if (v->type == KEY_LIST || v->type == KEY_TEXTS)
		for (size_t i = 0; i < v->n; i++)
			check_val(l, v->item[i]);
	/* The row of a list describes its items, so each of them is checked. */
	if (v->key->check && v->type != KEY_LIST && v->type != KEY_TEXTS)
		v->key->check(l, v);
}

void
check(struct load *l, const struct val *root)
{
	check_val(l, root);
}
