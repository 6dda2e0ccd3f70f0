/* Nodes: make, copy, replace, compare. */
#include "state/desired/yq/node.h"

#include <string.h>

#include "base/auto.h"
#include "state/desired/yq/eval.h"

struct ynode *
ynode_new(struct eval *e, enum ynode_kind kind, const char *tag, const char *value)
{
	struct ynode *n = eval_alloc(e, sizeof *n);

	n->kind = (uint8_t)kind;
	n->tag = tag;
	n->value = value;
	n->len = strlen(value);
	n->anchor = n->head = n->note = n->foot = n->lead = n->file = "";
	return n;
}

struct ynode *
ynode_text(struct eval *e, const char *s, size_t len)
{
	struct ynode *n = ynode_new(e, Y_SCALAR, "!!str", "");

	n->value = s;
	n->len = len;
	return n;
}

struct ynode *
ynode_int(struct eval *e, long long i)
{
	return ynode_new(e, Y_SCALAR, "!!int", eval_printf(e, "%lld", i));
}

void
ynode_put(struct eval *e, struct ynode *to, struct ynode *kid)
{
	EVAL_GROW(e, to->kid, to->n, to->cap);
	to->kid[to->n++] = kid;
}

struct ynode *
ynode_copy_bare(struct eval *e, const struct ynode *n)
{
	struct ynode *c = eval_alloc(e, sizeof *c);

	*c = *n;
	c->kid = NULL;
	c->n = c->cap = 0;
	if (n->key)
		c->key = ynode_copy(e, n->key);
	return c;
}

/* the copy of a kid: its place is the caller's to give */
static struct ynode *
kid_copy(struct eval *e, const struct ynode *n)
{
	struct ynode *c = eval_alloc(e, sizeof *c);

	eval_enter(e);
	*c = *n;
	c->kid = NULL;
	c->n = c->cap = 0;
	ynode_add_all(e, c, n->kid, n->n);
	eval_leave(e);
	return c;
}

struct ynode *
ynode_copy(struct eval *e, const struct ynode *n)
{
	struct ynode *c = kid_copy(e, n);

	if (n->key)
		c->key = ynode_copy(e, n->key);
	return c;
}

struct ynode *
ynode_add(struct eval *e, struct ynode *seq, const struct ynode *item)
{
	struct ynode *c = kid_copy(e, item);

	c->parent = seq;
	c->is_key = false;
	c->key = ynode_int(e, (long long)seq->n);
	c->key->parent = seq;
	ynode_put(e, seq, c);
	return c;
}

struct ynode *
ynode_add_pair(struct eval *e, struct ynode *map, const struct ynode *key, const struct ynode *value)
{
	struct ynode *k = ynode_copy(e, key), *v = kid_copy(e, value);

	k->parent = v->parent = map;
	k->is_key = true;
	v->is_key = false;
	v->key = k;
	ynode_put(e, map, k);
	ynode_put(e, map, v);
	return v;
}

void
ynode_add_all(struct eval *e, struct ynode *to, struct ynode *const *kid, size_t n)
{
	if (to->kind == Y_MAP && n % 2)
		eval_fail(e, "a key without a value");
	for (size_t i = 0; i < n; i++) {
		if (to->kind != Y_MAP) {
			ynode_add(e, to, kid[i]);
		} else {
			ynode_add_pair(e, to, kid[i], kid[i + 1]);
			i++;
		}
	}
}

struct ynode *
ynode_replace(struct eval *e, struct ynode *n, const struct ynode *by)
{
	struct ynode *c = ynode_copy(e, by);

	c->parent = n->parent;
	c->key = n->is_key ? n : n->key;
	return c;
}

struct ynode *
ynode_replace_new(struct eval *e, struct ynode *n, enum ynode_kind kind, const char *tag, const char *value)
{
	return ynode_replace(e, n, ynode_new(e, kind, tag, value));
}

struct ynode *
ynode_replace_text(struct eval *e, struct ynode *n, const char *s, size_t len)
{
	return ynode_replace(e, n, ynode_text(e, s, len));
}

struct ynode *
ynode_replace_seq(struct eval *e, struct ynode *n, uint8_t style)
{
	struct ynode *c = ynode_replace_new(e, n, Y_SEQ, "!!seq", "");

	c->lead = n->lead;
	c->head = n->head;
	c->note = n->note;
	c->foot = n->foot;
	c->style = style;
	return c;
}

struct ynode *
ynode_bool(struct eval *e, struct ynode *owner, bool value)
{
	struct ynode *n = ynode_new(e, Y_SCALAR, "!!bool", value ? "true" : "false");

	return owner ? ynode_replace(e, owner, n) : n;
}

void
ynode_update_marks(struct eval *e, struct ynode *n, const struct ynode *from, struct assign_how how)
{
	(void)e;
	if (n->kind != from->kind) {
		n->kid = NULL;
		n->n = n->cap = 0;
		n->value = "";
		n->len = 0;
	}
	n->kind = from->kind;
	if (how.clobber_tags || strncmp(n->tag, "!!", 2) == 0 || !*n->tag)
		n->tag = from->tag;
	n->alias = from->alias;
	if (!how.keep_anchor)
		n->anchor = from->anchor;
	if (!n->style)
		n->style = from->style;
	if (*from->foot)
		n->foot = from->foot;
	if (*from->head)
		n->head = from->head;
	if (*from->note)
		n->note = from->note;
}

void
ynode_update(struct eval *e, struct ynode *n, struct ynode *from, struct assign_how how)
{
	struct ynode *const *kid = from->kid;
	size_t count = from->n;
	const char *value = from->value;
	size_t len = from->len;

	if (n == from)
		return;
	if ((n->kind != Y_SCALAR && !n->n) || strcmp(ynode_meaning(e, n), ynode_meaning(e, from)) != 0)
		n->style = from->style;
	n->kid = NULL;
	n->n = n->cap = 0;
	n->kind = from->kind;
	ynode_add_all(e, n, kid, count);
	n->value = value;
	n->len = len;
	ynode_update_marks(e, n, from, how);
}

const struct ynode *
ynode_root(const struct ynode *n)
{
	while (n->parent)
		n = n->parent;
	return n;
}

bool
ynode_has_tag(const struct ynode *n, const char *tag)
{
	return strcmp(n->tag, tag) == 0;
}

bool
ynode_is_null(const struct ynode *n)
{
	return ynode_has_tag(n, "!!null");
}

bool
ynode_says(const struct ynode *n, const char *value)
{
	return strlen(value) == n->len && memcmp(n->value, value, n->len) == 0;
}

bool
ynode_reads_as(const struct ynode *x, const struct ynode *y)
{
	return x->len == y->len && memcmp(x->value, y->value, x->len) == 0;
}

int
ynode_compare(const struct ynode *x, const struct ynode *y)
{
	int cmp = memcmp(x->value, y->value, x->len < y->len ? x->len : y->len);

	return cmp ? cmp : (x->len > y->len) - (x->len < y->len);
}

bool
ynode_truthy(const struct ynode *n)
{
	static const char *const words[] = { "y", "yes", "on", "true" };

	if (!n || ynode_is_null(n))
		return false;
	if (n->kind != Y_SCALAR || !ynode_has_tag(n, "!!bool"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(n->value, words[i]) == 0)
			return true;
	return false;
}

const char *
ynode_meaning(struct eval *e, const struct ynode *n)
{
	const struct ynode *s;

	if (strncmp(n->tag, "!!", 2) == 0 || !n->len)
		return n->tag;
	s = snippet_try(e, n->value, n->len);
	return s ? s->tag : n->tag;
}

static bool
maps_equal(struct eval *e, const struct ynode *x, const struct ynode *y)
{
	for (size_t i = 0; i + 1 < x->n; i += 2) {
		long at = ynode_find(e, y, x->kid[i], 1);

		if (at < 0 || (size_t)at + 1 >= y->n || !ynode_equal(e, x->kid[i + 1], y->kid[at + 1]))
			return false;
	}
	return true;
}

bool
ynode_equal(struct eval *e, const struct ynode *x, const struct ynode *y)
{
	bool same = true;

	eval_step(e);
	if (x->kind != y->kind)
		return false;
	if (x->kind == Y_SCALAR && strcmp(ynode_meaning(e, x), ynode_meaning(e, y)) != 0)
		return false;
	if (ynode_is_null(x))
		return true;
	if (x->kind == Y_SCALAR)
		return ynode_reads_as(x, y);
	if (x->kind == Y_ALIAS || x->kind == Y_NONE || x->n != y->n)
		return false;
	eval_enter(e);
	if (x->kind == Y_MAP)
		same = maps_equal(e, x, y);
	for (size_t i = 0; x->kind == Y_SEQ && same && i < x->n; i++)
		same = ynode_equal(e, x->kid[i], y->kid[i]);
	eval_leave(e);
	return same;
}

long
ynode_find(struct eval *e, const struct ynode *in, const struct ynode *item, size_t step)
{
	for (size_t i = 0; i < in->n; i += step)
		if (ynode_equal(e, in->kid[i], item))
			return (long)i;
	return -1;
}

/* what a node is found by in the one above it, as a word or a number; NULL: it has no place */
static struct ynode *
step_of(struct eval *e, const struct ynode *n)
{
	const struct ynode *k = n->is_key ? n : n->key;
	long long i;
	char format;

	if (!k)
		return NULL;
	if (!n->is_key && !ynode_has_tag(k, "!!str") && number_int(k->value, &i, &format))
		return ynode_int(e, i);
	return ynode_text(e, k->value, k->len);
}

struct ynode *
ynode_path(struct eval *e, const struct ynode *n)
{
	struct ynode *path = ynode_new(e, Y_SEQ, "!!seq", "");
	struct ynode *step;

	for (; n && (step = step_of(e, n)); n = n->parent)
		ynode_put(e, path, step);
	for (size_t i = 0; i < path->n / 2; i++) {
		step = path->kid[i];
		path->kid[i] = path->kid[path->n - 1 - i];
		path->kid[path->n - 1 - i] = step;
	}
	return path;
}

const char *
ynode_nice_path(struct eval *e, const struct ynode *n)
{
	const struct ynode *path = ynode_path(e, n);
	struct text t = { .e = e };

	for (size_t i = 0; i < path->n; i++) {
		const struct ynode *p = path->kid[i];
		bool brackets = ynode_has_tag(p, "!!int") || (i && strchr(p->value, '.'));

		if (brackets)
			text_addc(&t, '[');
		else if (i)
			text_addc(&t, '.');
		text_add(&t, p->value, p->len);
		if (brackets)
			text_addc(&t, ']');
	}
	return text_end(&t);
}
