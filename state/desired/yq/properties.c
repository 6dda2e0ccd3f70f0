/* Texts of properties, as Java has them: a tree by its paths. */
#include <stdlib.h>
#include <string.h>

#include "state/desired/yq/formats.h"
#include "state/desired/yq/ops.h"

struct properties {
	struct text *t;
	bool unwrap, begun;
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
property_comments(struct properties *p, const struct ynode *key, const struct ynode *n)
{
	const struct ynode *of[] = { key, n };
	struct text c = { .e = p->t->e };

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
	if (p->begun)
		text_addc(p->t, '\n');
	text_addc(p->t, '#');
	for (const char *s = text_end(&c); *s; s++) {
		text_addc(p->t, *s);
		if (*s == '\n')
			text_adds(p->t, "# ");
	}
	text_addc(p->t, '\n');
}

static void
property_print(struct properties *p, const struct ynode *n, const char *path, const struct ynode *key)
{
	struct text *t = p->t;

	if (n->kind == Y_ALIAS && n->alias)
		n = n->alias;
	if (n->kind == Y_SCALAR) {
		property_comments(p, key, n);
		escaped_add(t, path, strlen(path), " :");
		text_adds(t, " = ");
		if (!p->unwrap && strchr(n->value, ' ')) {
			struct text q = { .e = t->e };

			json_print(&q, ynode_text(t->e, n->value, n->len), 0);
			escaped_add(t, text_end(&q), q.len, "");
		} else {
			escaped_add(t, n->value, n->len, "");
		}
		text_addc(t, '\n');
		p->begun = true;
		return;
	}
	if (n->kind != Y_MAP && n->kind != Y_SEQ)
		eval_fail(t->e, "unsupported node %s", n->tag);
	eval_enter(t->e);
	for (size_t i = 0; i < n->n; i++) {
		const struct ynode *k = n->kind == Y_MAP ? n->kid[i] : NULL;
		const char *dot = *path ? "." : "";
		const char *below = k ? eval_printf(t->e, "%s%s%s", path, dot, k->value) : eval_printf(t->e, "%s%s%zu", path, dot, i);

		i += k != NULL;
		if (i < n->n)
			property_print(p, n->kid[i], below, k);
	}
	eval_leave(t->e);
}

void
properties_print(struct text *t, const struct ynode *n, bool unwrap)
{
	struct properties p = { t, unwrap, false };

	if (n->kind == Y_SCALAR) {
		text_add(t, n->value, n->len);
		text_addc(t, '\n');
		return;
	}
	property_print(&p, n, "", NULL);
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
		if (*s == '\n')
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
