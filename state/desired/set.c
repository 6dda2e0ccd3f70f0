/* Plain assignments, without a yq: `.cpus = 4 | .mounts[0].writable = true`. */
#include "state/desired/set.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "state/desired/tree.h"

enum { MAX_STEPS = 32, MAX_CHANGES = 64, ALL = -1 };

struct step {
	const char *key;	/* NULL: an index */
	long index;		/* ALL: `[]` */
};

enum change_kind { CHANGE_ASSIGN, CHANGE_ADD, CHANGE_DELETE };

struct change {
	enum change_kind kind;
	struct step steps[MAX_STEPS];
	size_t nsteps;
	struct node *value;
};

struct scan {
	struct arena *a;
	const char *p;
};

static void
skip(struct scan *s)
{
	s->p += strspn(s->p, " \t\r\n");
}

static bool
take(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	skip(s);
	if (strncmp(s->p, word, n))
		return false;
	s->p += n;
	return true;
}

/* a double-quoted string without escapes but \" and \\; NULL: it is none, or has others */
static const char *
quoted(struct scan *s)
{
	AUTO(buf) b = BUF_INIT;
	const char *p = s->p + 1;

	if (*s->p != '"')
		return NULL;
	for (; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '"' && p[1] != '\\')
			return NULL;
		p += *p == '\\';
		buf_addc(&b, *p);
	}
	if (!*p)
		return NULL;
	s->p = p + 1;
	return arena_strdup(s->a, b.s);
}

static size_t
word_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_' || (n && s[n] == '-'))
		n++;
	return n;
}

/* behind a dot or at a bracket; false: no plain step */
static bool
scan_step(struct scan *s, struct step *out)
{
	bool bracket = *s->p == '[';
	char *end;

	*out = (struct step){ 0 };
	if (bracket)
		s->p++;
	if (bracket && *s->p == ']') {
		s->p++;
		out->index = ALL;
		return true;
	}
	if (*s->p == '"') {
		out->key = quoted(s);
		if (!out->key)
			return false;
	} else if (bracket) {
		if (!isdigit((unsigned char)*s->p))
			return false;
		out->index = strtol(s->p, &end, 10);
		s->p = end;
	} else {
		size_t n = word_len(s->p);

		if (!n)
			return false;
		out->key = arena_memdup(s->a, s->p, n);
		s->p += n;
	}
	if (!bracket)
		return true;
	return *s->p++ == ']';
}

static bool
scan_path(struct scan *s, struct change *c)
{
	skip(s);
	if (*s->p != '.')
		return false;
	while (*s->p == '.' || *s->p == '[') {
		s->p += *s->p == '.';
		if (c->nsteps == MAX_STEPS || !scan_step(s, &c->steps[c->nsteps]))
			return false;
		c->nsteps++;
	}
	return c->nsteps > 0;
}

/* how far a JSON value reaches: to the `|`, comma or end at which its brackets and quotes are closed */
static size_t
value_len(const char *s)
{
	int depth = 0;
	bool string = false;
	size_t n;

	for (n = 0; s[n]; n++) {
		if (string) {
			if (s[n] == '\\' && s[n + 1])
				n++;
			else if (s[n] == '"')
				string = false;
		} else if (s[n] == '"') {
			string = true;
		} else if (strchr("[{", s[n])) {
			depth++;
		} else if (strchr("]}", s[n])) {
			depth--;
		} else if ((s[n] == '|' || s[n] == ',') && !depth) {
			break;
		}
	}
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	return n;
}

/* the "e3" of 2e3, the "e" of 2e-3, the "x1f" of 0x1f, the "o17" of 0o17 */
static bool
ends_number(const char *s, size_t at, size_t len)
{
	static const struct { char sign; const char *digits; } bases[] = { { 'x', "0123456789abcdefABCDEF" }, { 'o', "01234567" } };

	if (!at || !isdigit((unsigned char)s[at - 1]))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(bases); i++)
		if (s[at] == bases[i].sign && s[at - 1] == '0' && !(at > 1 && isalnum((unsigned char)s[at - 2])))
			return len > 1 && strspn(s + at + 1, bases[i].digits) == len - 1;
	return (s[at] | 32) == 'e' && strspn(s + at + 1, "0123456789") == len - 1;
}

/* a sign of a number, and no operator */
static bool
is_sign(const char *s, size_t at)
{
	if (at && strchr("eE", s[at - 1]))
		return true;
	while (at && isspace((unsigned char)s[at - 1]))
		at--;
	return !at || strchr("[{,:", s[at - 1]);
}

/* is it a value, and not a calculation? Only those may be read as YAML. */
static bool
is_literal(const char *s, size_t n)
{
	bool string = false;

	for (size_t i = 0; i < n; i++) {
		if (string) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				string = false;
		} else if (s[i] == '"') {
			string = true;
		} else if (isalpha((unsigned char)s[i])) {
			size_t w = 0;

			while (isalnum((unsigned char)s[i + w]) || s[i + w] == '_')
				w++;
			/* only words that mean themselves, or keys of a mapping */
			if (!(w == 4 && (!memcmp(s + i, "true", 4) || !memcmp(s + i, "null", 4))) && !(w == 5 && !memcmp(s + i, "false", 5)) &&
			    s[i + w] != ':' && !ends_number(s, i, w))
				return false;
			i += w - 1;
		} else if (!isdigit((unsigned char)s[i]) && !strchr(" \t\r\n[]{},:.+-", s[i])) {
			return false;
		} else if (strchr("+-", s[i]) && !is_sign(s, i)) {
			return false;
		} else if (s[i] == '.' && (!i || !isdigit((unsigned char)s[i - 1]))) {
			return false;	/* a path */
		}
	}
	return n > 0 && !string;
}

/* The value as YAML has it: a line break in quotes stands for itself. */
static const char *
yaml_value(struct arena *a, const char *s, size_t len)
{
	AUTO(buf) b = BUF_INIT;

	if (!memchr(s, '\n', len) && !memchr(s, '\r', len))
		return arena_memdup(a, s, len);
	for (size_t i = 0, quotes = 0; i < len; i++) {
		quotes += s[i] == '"';
		if (quotes & 1 && s[i] == '\\' && i + 1 < len)
			buf_addc(&b, s[i++]);
		if (quotes & 1 && (s[i] == '\n' || s[i] == '\r'))
			buf_adds(&b, s[i] == '\n' ? "\\n" : "\\r");
		else
			buf_addc(&b, s[i]);
	}
	return arena_memdup(a, b.s, b.len);
}

static struct node *
scan_value(struct scan *s)
{
	struct source *src = arena_alloc(s->a, sizeof *src);
	struct node *n;
	size_t len;

	skip(s);
	len = value_len(s->p);
	if (!is_literal(s->p, len) || (strchr("+-", *s->p) && !isdigit((unsigned char)s->p[1])))
		return NULL;
	src->name = "--set";
	src->text = yaml_value(s->a, s->p, len);
	src->len = strlen(src->text);
	if (yaml_read(&n, s->a, src, NULL, NULL) < 0)
		return NULL;
	s->p += len;
	return n;
}

/* the value belongs to no text of ours, and lists and mappings in it are written in block style */
static void
adopt(struct node *n, const struct node *like)
{
	n->flags |= NODE_MADE | NODE_CHANGED;
	n->src = like ? like->src : NULL;
	n->line = like ? like->line : 1;
	n->col = like ? like->col : 1;
	if (n->kind >= NODE_LIST)
		n->style = STYLE_BLOCK;
	for (size_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		adopt(n->item[i], like);
	for (size_t i = 0; n->kind == NODE_MAP && i < n->npair; i++) {
		adopt(n->pair[i].key, like);
		adopt(n->pair[i].value, like);
	}
}

static bool
scan_change(struct scan *s, struct change *c)
{
	*c = (struct change){ 0 };
	if (take(s, "del(")) {
		c->kind = CHANGE_DELETE;
		return scan_path(s, c) && take(s, ")");
	}
	if (!scan_path(s, c))
		return false;
	if (take(s, "+="))
		c->kind = CHANGE_ADD;
	else if (!take(s, "="))
		return false;
	c->value = scan_value(s);
	return c->value && !(c->kind == CHANGE_ADD && c->value->kind != NODE_LIST);
}

/* --- doing it */

static int
wrong_kind(const struct step *st, const struct node *n, struct error *err)
{
	static const char *const kinds[] = { "null", "a single value", "a list", "a mapping" };

	if (st->key)
		return error_set(err, ERR_INVALID, "`.%s` cannot be set in %s", st->key, kinds[n->kind]);
	return error_set(err, ERR_INVALID, "an index cannot be used on %s", kinds[n->kind]);
}

/* an unset value becomes what the step needs */
static void
become(struct node *n, enum node_kind kind)
{
	if (n->kind != NODE_NULL)
		return;
	n->kind = kind;
	n->style = STYLE_BLOCK;
	n->pair = NULL;
	n->npair = n->pcap = 0;
	n->item = NULL;
	n->n = n->cap = 0;
	n->flags |= NODE_CHANGED;
}

static int apply(struct arena *a, struct node *n, const struct change *c, size_t at, struct error *err);

static int
apply_last(struct arena *a, struct node **slot, struct node *holder, const struct change *c, struct error *err)
{
	struct node *value;

	if (c->kind == CHANGE_ADD && *slot && (*slot)->kind == NODE_LIST) {
		for (size_t i = 0; i < c->value->n; i++) {
			value = node_copy(a, c->value->item[i]);
			adopt(value, *slot);
			node_push(a, *slot, (*slot)->n, value);
		}
		return 0;
	}
	if (c->kind == CHANGE_ADD && *slot && (*slot)->kind != NODE_NULL)
		return error_set(err, ERR_INVALID, "a list can only be added to a list");
	value = node_copy(a, c->value);
	adopt(value, *slot);
	*slot = value;
	holder->flags |= NODE_CHANGED;
	return 0;
}

static int
apply_key(struct arena *a, struct node *n, const struct change *c, size_t at, struct error *err)
{
	const struct step *st = &c->steps[at];
	bool last = at + 1 == c->nsteps;

	if (c->kind == CHANGE_DELETE && n->kind != NODE_MAP)
		return 0;
	become(n, NODE_MAP);
	if (n->kind != NODE_MAP)
		return wrong_kind(st, n, err);
	if (last && c->kind == CHANGE_DELETE) {
		node_unset(n, st->key);
		return 0;
	}
	if (!node_get(n, st->key)) {
		if (c->kind == CHANGE_DELETE)
			return 0;
		node_set(a, n, st->key, node_plain(a, "null"));
	}
	for (size_t i = 0; i < n->npair; i++) {
		if (!node_key_is(&n->pair[i], st->key))
			continue;
		if (last)
			return apply_last(a, &n->pair[i].value, n, c, err);
		return apply(a, n->pair[i].value, c, at + 1, err);
	}
	return 0;
}

static int
apply_item(struct arena *a, struct node *n, size_t i, const struct change *c, size_t at, struct error *err)
{
	if (at + 1 == c->nsteps)
		return apply_last(a, &n->item[i], n, c, err);
	return apply(a, n->item[i], c, at + 1, err);
}

static int
apply_index(struct arena *a, struct node *n, const struct change *c, size_t at, struct error *err)
{
	const struct step *st = &c->steps[at];

	if (c->kind == CHANGE_DELETE && n->kind != NODE_LIST)
		return 0;
	become(n, NODE_LIST);
	if (n->kind != NODE_LIST)
		return wrong_kind(st, n, err);
	if (st->index == ALL) {
		bool drop = c->kind == CHANGE_DELETE && at + 1 == c->nsteps;

		while (drop && n->n)
			node_drop(n, n->n - 1);
		for (size_t i = 0; i < n->n; i++)
			if (apply_item(a, n, i, c, at, err) < 0)
				return -1;
		return 0;
	}
	if ((size_t)st->index >= n->n) {
		if (c->kind == CHANGE_DELETE)
			return 0;
		if ((size_t)st->index > n->n + 1000)
			return error_set(err, ERR_INVALID, "index %ld is far beyond the list's end, %zu", st->index, n->n);
		while ((size_t)st->index >= n->n)
			node_push(a, n, n->n, node_plain(a, "null"));
	}
	if (c->kind == CHANGE_DELETE && at + 1 == c->nsteps) {
		node_drop(n, (size_t)st->index);
		return 0;
	}
	return apply_item(a, n, (size_t)st->index, c, at, err);
}

static int
apply(struct arena *a, struct node *n, const struct change *c, size_t at, struct error *err)
{
	return c->steps[at].key ? apply_key(a, n, c, at, err) : apply_index(a, n, c, at, err);
}

/* 0: it is more than plain assignments */
static size_t
scan_changes(struct arena *a, const char *expr, struct change *c)
{
	struct scan s = { a, expr };
	size_t n = 0;

	do
		if (n == MAX_CHANGES || !scan_change(&s, &c[n++]))
			return 0;
	while (take(&s, "|") || take(&s, ","));
	skip(&s);
	return *s.p ? 0 : n;
}

int
set_plain(struct arena *a, struct node *root, const char *expr, struct error *err)
{
	struct change *c = arena_alloc(a, MAX_CHANGES * sizeof *c);
	size_t n = scan_changes(a, expr, c);

	for (size_t i = 0; i < n; i++)
		if (apply(a, root, &c[i], 0, err) < 0)
			return error_wrap(err, "%s", expr);
	return n > 0;
}

bool
template_set_is_plain(const char *const *exprs, size_t n)
{
	AUTO(arena) a = { 0 };
	struct change *c = arena_alloc(&a, MAX_CHANGES * sizeof *c);

	for (size_t i = 0; i < n; i++)
		if (!scan_changes(&a, exprs[i], c))
			return false;
	return true;
}

int
template_set(struct template *t, const char *const *exprs, size_t n, struct error *err)
{
	struct node *root;

	if (!n)
		return 0;
	if (tree_open(&root, t, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int rc = set_plain(&t->arena, root, exprs[i], err);

		if (rc < 0 || (rc == 0 && set_by_yq(&t->arena, root, exprs[i], err) < 0))
			return -1;
	}
	return tree_close(t, root, err);
}
