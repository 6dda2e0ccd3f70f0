/* Texts of properties, as Java has them: a tree by its paths. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "state/desired/yq/formats.h"
#include "state/desired/yq/ops.h"

/* A line, and the comments before it. */
struct property {
	const char *path;
	size_t at;	/* how many were before it */
	struct text comments, value;
	bool again;	/* its path was there before */
};
struct properties {
	struct eval *e;
	bool unwrap;
	struct property **v;
	size_t n, cap;
};

static void
escaped_add(struct text *t, const char *s, size_t len, const char *special)
{
	static const char from[] = "\f\n\r\t\\", to[] = "fnrt\\";

	for (size_t i = 0; i < len; i++) {
		const char *p = s[i] ? strchr(from, s[i]) : NULL;

		if (p)
			text_addf(t, "\\%c", to[p - from]);
		else if ((i == 0 && s[i] == ' ') || (s[i] && strchr(special, s[i])))
			text_addf(t, "\\%c", s[i]);
		else
			text_addc(t, s[i]);
	}
}

/* head and line comments without their first `#`, each line behind one */
static void
property_comments(struct text *t, const struct ynode *key, const struct ynode *n)
{
	const struct ynode *of[] = { key, n };
	struct text c = { .e = t->e };

	for (size_t i = 0; i < 2; i++) {
		const char *texts[] = { of[i] ? of[i]->head : "", of[i] ? of[i]->note : "" };

		for (size_t k = 0; k < 2; k++) {
			const char *hash = strchr(texts[k], '#');

			text_add(&c, texts[k], hash ? (size_t)(hash - texts[k]) : strlen(texts[k]));
			text_adds(&c, hash ? hash + 1 : "");
		}
	}
	if (!c.len || strspn(text_end(&c), "\n ") == c.len)
		return;
	text_addc(t, '#');
	for (const char *s = text_end(&c); *s; s++) {
		text_addc(t, *s);
		if (*s == '\n')
			text_adds(t, "# ");
	}
	text_addc(t, '\n');
}

static void
property_add(struct properties *p, const struct ynode *n, const char *path, const struct ynode *key)
{
	struct property *one;

	if (!*path)	/* what has no name is no property */
		return;
	one = eval_alloc(p->e, sizeof *one);
	*one = (struct property){ .path = path, .at = p->n, .comments.e = p->e, .value.e = p->e };
	property_comments(&one->comments, key, n);
	if (!p->unwrap && strchr(n->value, ' ')) {
		struct text q = { .e = p->e };

		json_print(&q, ynode_text(p->e, n->value, n->len), 0);
		escaped_add(&one->value, text_end(&q), q.len, "");
	} else {
		escaped_add(&one->value, n->value, n->len, "");
	}
	EVAL_GROW(p->e, p->v, p->n, p->cap);
	p->v[p->n++] = one;
}

static void
properties_add(struct properties *p, const struct ynode *n, const char *path, const struct ynode *key)
{
	if (n->kind == Y_ALIAS && n->alias)
		n = n->alias;
	if (n->kind == Y_SCALAR) {
		property_add(p, n, path, key);
		return;
	}
	if (n->kind != Y_MAP && n->kind != Y_SEQ)
		eval_fail(p->e, "unsupported node %s", n->tag);
	eval_enter(p->e);
	for (size_t i = 0; i < n->n; i++) {
		const struct ynode *k = n->kind == Y_MAP ? n->kid[i] : NULL;
		const char *dot = *path ? "." : "";
		const char *below = k ? eval_printf(p->e, "%s%s%s", path, dot, k->value) : eval_printf(p->e, "%s%s%zu", path, dot, i);

		i += k != NULL;
		if (i < n->n)
			properties_add(p, n->kid[i], below, k);
	}
	eval_leave(p->e);
}

static int
property_compare(const void *a, const void *b)
{
	const struct property *x = *(struct property *const *)a, *y = *(struct property *const *)b;
	int rc = strcmp(x->path, y->path);

	return rc ? rc : x->at < y->at ? -1 : 1;
}

/* Of several of one path the last is what counts, and stands where the first was. */
static void
properties_unite(struct properties *p)
{
	struct property **sorted = eval_alloc(p->e, (p->n + 1) * sizeof(*sorted));

	memcpy(sorted, p->v, p->n * sizeof(*sorted));
	qsort(sorted, p->n, sizeof(*sorted), property_compare);
	for (size_t i = 0, first = 0; i < p->n; i++) {
		if (strcmp(sorted[i]->path, sorted[first]->path) != 0)
			first = i;
		if (i == first)
			continue;
		sorted[i]->again = true;
		sorted[first]->comments = sorted[i]->comments;
		sorted[first]->value = sorted[i]->value;
	}
}

void
properties_print(struct text *t, const struct ynode *n, bool unwrap)
{
	struct properties p = { .e = t->e, .unwrap = unwrap };
	bool begun = false;

	if (n->kind == Y_SCALAR) {
		text_add(t, n->value, n->len);
		text_addc(t, '\n');
		return;
	}
	properties_add(&p, n, "", NULL);
	if (p.n)
		properties_unite(&p);
	for (size_t i = 0; i < p.n; i++) {
		struct property *one = p.v[i];

		if (one->again)
			continue;
		if (one->comments.len && begun)
			text_addc(t, '\n');
		text_add(t, text_end(&one->comments), one->comments.len);
		escaped_add(t, one->path, strlen(one->path), " :");
		text_adds(t, " = ");
		text_add(t, text_end(&one->value), one->value.len);
		text_addc(t, '\n');
		begun = true;
	}
}

void
properties_print_lead(struct text *t, const char *lead)
{
	for (const char *p = lead; *p;) {
		size_t len = strcspn(p, "\n");

		if (!memmem(p, len, "$yqDocSeparator$", 16)) {
			text_add(t, p, len);
			text_addc(t, '\n');
		}
		p += len + (p[len] == '\n');
	}
}

/* behind \u: four digits of a code point, or an `u` by itself */
static const char *
property_unicode(const char *s, const char *end, struct text *t)
{
	char hex[5] = { 0 }, utf8[4];

	for (size_t i = 0; i < 4 && s + i < end; i++)
		hex[i] = s[i];
	if (strspn(hex, "0123456789abcdefABCDEF") < 4) {
		text_addc(t, 'u');
		return s;
	}
	text_add(t, utf8, utf8_put(utf8, (uint32_t)strtoul(hex, NULL, 16)));
	return s + 4;
}

/* up to a separator (or the line's end), escapes undone and lines joined */
static const char *
property_part(const char *s, const char *end, bool key, struct text *t)
{
	static const char from[] = "fnrt", to[] = "\f\n\r\t";

	while (s < end && *s != '\n' && !(key && strchr("=: \t\f", *s))) {
		const char *p;

		if (*s != '\\' || s + 1 == end) {
			if (*s != '\r')
				text_addc(t, *s);
			s++;
			continue;
		}
		s++;
		p = strchr(from, *s);
		if (*s == 'u')
			s = property_unicode(s + 1, end, t);
		else if (*s == '\n')
			for (s++; s < end && strchr(" \t\f", *s); s++)
				;
		else
			text_addc(t, p && *p ? to[p - from] : *s), s++;
	}
	text_end(t);
	return s;
}

/* a.b.0 = value, into the tree */
static void
property_set(struct eval *e, struct ynode *root, const char *key, struct ynode *value, const char *comment)
{
	struct ynode *path = ynode_new(e, Y_SEQ, "!!seq", ""), *name;
	struct nodes *at = nodes_new(e);
	struct context c = { .at = at };
	struct expr *set;

	for (const char *p = key;; p++) {
		size_t n = strcspn(p, ".");
		const char *word = eval_dup(e, p, n);
		bool number = n && n < 9 && strspn(word, "0123456789") == n;

		ynode_put(e, path, number ? ynode_int(e, atoll(word)) : ynode_text(e, word, n));
		p += n;
		if (!*p)
			break;
	}
	nodes_push(e, at, root);
	name = ynode_copy(e, path->kid[path->n - 1]);
	if (*comment) {
		name->head = comment;
		set = expr_make(e, &op_assign, expr_of_path(e, path, 0, (struct traverse_how){ 0 }, true), expr_of_node(e, name));
		expr_run(e, c, set);
	}
	set = expr_make(e, &op_assign, expr_of_path(e, path, 0, (struct traverse_how){ 0 }, false), expr_of_node(e, value));
	expr_run(e, c, set);
}

struct ynode *
properties_read(struct eval *e, const char *s, size_t len)
{
	struct ynode *root = ynode_new(e, Y_MAP, "!!map", "");
	const char *end = s + len;
	struct text comment = { .e = e };

	if (!len)
		return NULL;
	while (s < end) {
		struct text key = { .e = e }, value = { .e = e };
		struct ynode *v;

		while (s < end && strchr(" \t\f\r\n", *s))
			s++;
		if (s < end && (*s == '#' || *s == '!')) {
			const char *nl = memchr(s, '\n', (size_t)(end - s));

			nl = nl ? nl : end;
			for (s++; s < nl && *s == ' '; s++)
				;
			text_adds(&comment, comment.len ? "\n" : "# ");
			text_add(&comment, s, (size_t)(nl - s));
			s = nl;
			continue;
		}
		if (s >= end)
			break;
		s = property_part(s, end, true, &key);
		s += strspn(s, " \t\f");
		if (s < end && (*s == '=' || *s == ':'))
			s++;
		while (s < end && strchr(" \t\f", *s))
			s++;
		s = property_part(s, end, false, &value);
		v = ynode_text(e, value.s, value.len);
		property_set(e, root, key.s, v, text_end(&comment));
		comment = (struct text){ .e = e };
	}
	return root;
}
