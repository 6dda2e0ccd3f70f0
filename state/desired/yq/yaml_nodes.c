/* YAML's nodes out of tokens, by its grammar, with go-yaml's ways of giving comments to them. */
#include <string.h>

#include "base/auto.h"
#include "state/desired/yq/yaml_nodes.h"

static const char *
comments_join(struct reader *r, const char *a, const char *b)
{
	return *a ? eval_printf(r->e, "%s\n%s", a, b) : b;
}

/* The next token; comments up to it are ready. */
const struct ytoken *
token_peek(struct reader *r)
{
	const struct ytoken *t = &r->t.v[r->at];

	for (; r->next_comment < r->t.ncomments; r->next_comment++) {
		const struct ycomment *c = &r->t.comments[r->next_comment];

		if ((long)t->start < c->at)
			break;
		if (c->head && t->type == YAML_BLOCK_END_TOKEN)
			break;
		if (c->head)
			r->head = comments_join(r, r->head, c->head);
		if (c->foot)
			r->foot = comments_join(r, r->foot, c->foot);
		if (c->note)
			r->note = comments_join(r, r->note, c->note);
	}
	return t;
}

void
token_skip(struct reader *r)
{
	r->at += r->at + 1 < r->t.n;
}

void __attribute__((noreturn))
read_fail(struct reader *r, const struct ytoken *t, const char *what)
{
	eval_fail_at(r->e, t->line, t->col, what);
}

static void
take_comments(struct reader *r, struct ynode *n)
{
	n->head = r->head;
	n->note = r->note;
	n->foot = r->foot;
	r->head = r->note = r->foot = r->stem = "";
}

struct ynode *
node_at(struct reader *r, enum ynode_kind kind, const char *tag, const struct ytoken *t)
{
	struct ynode *n = ynode_new(r->e, kind, tag, "");

	n->line = t->line + 1;
	n->col = t->col + 1;
	return n;
}

struct ynode *
node_empty(struct reader *r, const struct ytoken *at, bool behind)
{
	struct ynode *n = node_at(r, Y_SCALAR, "!!null", at);

	n->col += behind ? at->end - at->start : 0;
	return n;
}

static const char *
tag_of(struct reader *r, const struct ytoken *t)
{
	static const char yaml_org[] = "tag:yaml.org,2002:";
	const char *prefix = NULL, *tag;

	for (size_t i = r->nhandles; i-- > 0 && !prefix;)
		if (strcmp(r->handles[i][0], t->handle) == 0)
			prefix = r->handles[i][1];
	if (!prefix && (!*t->handle || strcmp(t->handle, "!") == 0))
		prefix = t->handle;
	if (!prefix && strcmp(t->handle, "!!") == 0)
		prefix = yaml_org;
	if (!prefix)
		read_fail(r, t, "undefined tag handle");
	tag = eval_printf(r->e, "%s%s", prefix, t->text);
	if (strncmp(tag, yaml_org, sizeof yaml_org - 1) == 0)
		tag = eval_printf(r->e, "!!%s", tag + sizeof yaml_org - 1);
	return tag;
}

struct properties {
	const struct ytoken *at;	/* where the node begins */
	const char *anchor, *tag;	/* NULL: none */
};

static struct anchor *
finish_node(struct reader *r, struct ynode *n, const struct properties *p)
{
	struct anchor *a;

	n->line = p->at->line + 1;
	n->col = p->at->col + 1;
	if (p->tag && *p->tag && strcmp(p->tag, "!") != 0) {
		n->tag = p->tag;
		n->style |= Y_TAGGED;
	}
	if (!p->anchor)
		return NULL;
	n->anchor = p->anchor;
	a = eval_alloc(r->e, sizeof *a);
	*a = (struct anchor){ p->anchor, n, r->anchors, n->kind != Y_SCALAR };
	r->anchors = a;
	return a;
}

static void
split_stem(struct reader *r, size_t len)
{
	const struct ytoken *t;

	if (!len)
		return;
	t = token_peek(r);
	if (t->type != YAML_BLOCK_SEQUENCE_START_TOKEN && t->type != YAML_BLOCK_MAPPING_START_TOKEN)
		return;
	r->stem = eval_dup(r->e, r->head, len);
	r->head = strlen(r->head) == len ? "" : r->head + len + 1;
}

void
kid_add(struct reader *r, struct ynode *seq, struct ynode *kid)
{
	kid->parent = seq;
	kid->key = ynode_int(r->e, (long long)seq->n);
	kid->key->parent = seq;
	kid->key->is_key = true;
	ynode_put(r->e, seq, kid);
}

static void
read_block_list(struct reader *r, struct ynode *n, bool indentless)
{
	const struct ytoken *t;
	size_t before;

	if (!indentless)
		token_skip(r);
	while ((t = token_peek(r))->type == YAML_BLOCK_ENTRY_TOKEN) {
		const struct ytoken *dash = t;

		before = strlen(r->head);
		token_skip(r);
		split_stem(r, before);
		t = token_peek(r);
		if (t->type == YAML_BLOCK_ENTRY_TOKEN || t->type == YAML_BLOCK_END_TOKEN ||
		    (indentless && (t->type == YAML_KEY_TOKEN || t->type == YAML_VALUE_TOKEN)))
			kid_add(r, n, node_empty(r, dash, true));
		else
			kid_add(r, n, read_node(r, true, false));
	}
	n->note = n->foot = "";
	if (indentless)
		return;
	if (t->type != YAML_BLOCK_END_TOKEN)
		read_fail(r, t, "expected `- ` before the next list item (check the indentation)");
	token_skip(r);
}

void
pair_add(struct reader *r, struct ynode *map, struct ynode *key, struct ynode *value)
{
	key->parent = value->parent = map;
	key->is_key = true;
	value->key = key;
	if (!*key->foot && *value->foot) {
		key->foot = value->foot;
		value->foot = "";
	}
	ynode_put(r->e, map, value);
}

void
key_add(struct reader *r, struct ynode *map, struct ynode *key)
{
	ynode_put(r->e, map, key);
	if (!(map->style & Y_FLOW) && *key->foot && map->n > 2) {
		map->kid[map->n - 3]->foot = key->foot;
		key->foot = "";
	}
}

static bool
ends_block_value(const struct ytoken *t)
{
	return is_one_of(t, YAML_KEY_TOKEN, YAML_VALUE_TOKEN, YAML_BLOCK_END_TOKEN);
}

static void
read_block_map(struct reader *r, struct ynode *n)
{
	const struct ytoken *t;

	token_skip(r);
	while ((t = token_peek(r))->type != YAML_BLOCK_END_TOKEN) {
		const struct ytoken *mark = t;
		struct ynode *key, *value;

		if (t->type != YAML_KEY_TOKEN)
			read_fail(r, t, "expected a key of this mapping (is the line indented as the keys above it?)");
		token_skip(r);
		t = token_peek(r);
		key = ends_block_value(t) ? node_empty(r, mark, false) : read_node(r, true, true);
		key_add(r, n, key);
		t = token_peek(r);
		if (t->type == YAML_VALUE_TOKEN) {
			mark = t;
			token_skip(r);
			t = token_peek(r);
			value = ends_block_value(t) ? node_empty(r, mark, true) : read_node(r, true, true);
		} else {
			value = node_empty(r, t, false);
		}
		pair_add(r, n, key, value);
	}
	n->note = r->note;
	n->foot = r->foot;
	r->head = r->note = r->foot = r->stem = "";
	if (*n->foot && n->n > 1) {
		n->kid[n->n - 2]->foot = n->foot;
		n->foot = "";
	}
	token_skip(r);
}

static struct ynode *
read_alias(struct reader *r, const struct ytoken *t)
{
	struct ynode *n = node_at(r, Y_ALIAS, "", t);

	for (struct anchor *a = r->anchors; a && !n->alias; a = a->next)
		if (strcmp(a->name, t->text) == 0) {
			if (a->open)
				read_fail(r, t, eval_printf(r->e, "alias `*%s` stands within what it means", t->text));
			n->alias = a->node;
		}
	if (!n->alias)
		read_fail(r, t, eval_printf(r->e, "alias `*%s` without an anchor `&%s` before it", t->text, t->text));
	n->value = t->text;
	n->len = t->len;
	take_comments(r, n);
	token_skip(r);
	return n;
}

static struct ynode *
read_scalar(struct reader *r, const struct ytoken *t, const struct properties *p)
{
	static const uint8_t styles[] = {
		[YAML_SINGLE_QUOTED_SCALAR_STYLE] = Y_SINGLE, [YAML_DOUBLE_QUOTED_SCALAR_STYLE] = Y_DOUBLE,
		[YAML_LITERAL_SCALAR_STYLE] = Y_LITERAL, [YAML_FOLDED_SCALAR_STYLE] = Y_FOLDED, [YAML_PLAIN_SCALAR_STYLE] = 0,
	};
	struct ynode *n = ynode_new(r->e, Y_SCALAR, "!!str", "");

	n->style = styles[t->style];
	n->value = t->text;
	n->len = t->len;
	if (!n->style)
		n->tag = ynode_says(n, "<<") ? "!!merge" : tag_resolve(n->value, n->len);
	finish_node(r, n, p);
	take_comments(r, n);
	token_skip(r);
	return n;
}

static const struct ytoken *
read_properties(struct reader *r, struct properties *p)
{
	const struct ytoken *t = token_peek(r);

	*p = (struct properties){ .at = t };
	for (int i = 0; i < 2; i++) {
		if (t->type == YAML_ANCHOR_TOKEN && !p->anchor)
			p->anchor = t->text;
		else if (t->type == YAML_TAG_TOKEN && !p->tag)
			p->tag = tag_of(r, t);
		else
			break;
		token_skip(r);
		t = token_peek(r);
	}
	return t;
}

/* lists and mappings; the token is their first one */
static struct ynode *
read_container(struct reader *r, const struct ytoken *t, const struct properties *p, bool indentless)
{
	bool flow = t->type == YAML_FLOW_SEQUENCE_START_TOKEN || t->type == YAML_FLOW_MAPPING_START_TOKEN;
	bool map = t->type == YAML_FLOW_MAPPING_START_TOKEN || t->type == YAML_BLOCK_MAPPING_START_TOKEN;
	struct ynode *n = ynode_new(r->e, map ? Y_MAP : Y_SEQ, map ? "!!map" : "!!seq", "");
	struct anchor *a;

	n->style = flow ? Y_FLOW : 0;
	a = finish_node(r, n, p);
	if (flow) {
		take_comments(r, n);
	} else if (!indentless) {
		n->head = r->stem;
		r->stem = "";
	}
	eval_enter(r->e);
	if (flow && map)
		read_flow_map(r, n);
	else if (flow)
		read_flow_list(r, n);
	else if (map)
		read_block_map(r, n);
	else
		read_block_list(r, n, indentless);
	eval_leave(r->e);
	if (a)
		a->open = false;
	return n;
}

struct ynode *
read_node(struct reader *r, bool block, bool indentless)
{
	const struct ytoken *t = token_peek(r);
	struct properties p;

	if (t->type == YAML_ALIAS_TOKEN)
		return read_alias(r, t);
	t = read_properties(r, &p);
	if (indentless && t->type == YAML_BLOCK_ENTRY_TOKEN)
		return read_container(r, t, &p, true);
	if (t->type == YAML_SCALAR_TOKEN)
		return read_scalar(r, t, &p);
	if (t->type == YAML_FLOW_SEQUENCE_START_TOKEN || t->type == YAML_FLOW_MAPPING_START_TOKEN ||
	    (block && (t->type == YAML_BLOCK_SEQUENCE_START_TOKEN || t->type == YAML_BLOCK_MAPPING_START_TOKEN)))
		return read_container(r, t, &p, false);
	if (p.anchor || p.tag) {
		struct ynode *n = ynode_new(r->e, Y_SCALAR, "!!null", "");

		finish_node(r, n, &p);
		return n;
	}
	read_fail(r, t, "expected a value");
}
