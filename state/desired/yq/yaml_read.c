/* YAML as a tree: libyaml's tokens by the grammar of YAML, with go-yaml's ways of giving comments to nodes. */
#include <string.h>

#include "base/auto.h"
#include "state/desired/yq/yaml_tokens.h"

struct anchor {
	const char *name;
	struct ynode *node;
	struct anchor *next;
	bool open;		/* what it names has not ended */
};

struct reader {
	struct eval *e;
	struct ytokens t;
	size_t at, next_comment;
	const char *head, *note, *foot, *stem;	/* comments that the next node takes */
	struct anchor *anchors;
	const char *handles[16][2];
	size_t nhandles;
};

static const char *
comments_join(struct reader *r, const char *a, const char *b)
{
	return *a ? eval_printf(r->e, "%s\n%s", a, b) : b;
}

/* The next token; comments up to it are ready. */
static const struct ytoken *
yaml_read_peek(struct reader *r)
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

static void
yaml_read_skip(struct reader *r)
{
	r->at += r->at + 1 < r->t.n;
}

static void
read_fail(struct reader *r, const struct ytoken *t, const char *what)
{
	eval_fail(r->e, "%u:%u: %s", t->line + 1, t->col + 1, what);
}

static void
take_comments(struct reader *r, struct ynode *n)
{
	n->head = r->head;
	n->note = r->note;
	n->foot = r->foot;
	r->head = r->note = r->foot = r->stem = "";
}

static struct ynode *
node_at(struct reader *r, enum ynode_kind kind, const char *tag, const struct ytoken *t)
{
	struct ynode *n = ynode_new(r->e, kind, tag, "");

	n->line = t->line + 1;
	n->col = t->col + 1;
	return n;
}

static struct ynode *
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

static struct ynode *yaml_read_read_node(struct reader *r, bool block, bool indentless);

static bool
yaml_read_is_one_of(const struct ytoken *t, yaml_token_type_t a, yaml_token_type_t b, yaml_token_type_t c)
{
	return t->type == a || t->type == b || t->type == c;
}

static void
split_stem(struct reader *r, size_t len)
{
	const struct ytoken *t;

	if (!len)
		return;
	t = yaml_read_peek(r);
	if (t->type != YAML_BLOCK_SEQUENCE_START_TOKEN && t->type != YAML_BLOCK_MAPPING_START_TOKEN)
		return;
	r->stem = eval_dup(r->e, r->head, len);
	r->head = strlen(r->head) == len ? "" : r->head + len + 1;
}

static void
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
		yaml_read_skip(r);
	while ((t = yaml_read_peek(r))->type == YAML_BLOCK_ENTRY_TOKEN) {
		const struct ytoken *dash = t;

		before = strlen(r->head);
		yaml_read_skip(r);
		split_stem(r, before);
		t = yaml_read_peek(r);
		if (t->type == YAML_BLOCK_ENTRY_TOKEN || t->type == YAML_BLOCK_END_TOKEN ||
		    (indentless && (t->type == YAML_KEY_TOKEN || t->type == YAML_VALUE_TOKEN)))
			kid_add(r, n, node_empty(r, dash, true));
		else
			kid_add(r, n, yaml_read_read_node(r, true, false));
	}
	n->note = n->foot = "";
	if (indentless)
		return;
	if (t->type != YAML_BLOCK_END_TOKEN)
		read_fail(r, t, "expected `- ` before the next list item (check the indentation)");
	yaml_read_skip(r);
}

static void
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

static void
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
	return yaml_read_is_one_of(t, YAML_KEY_TOKEN, YAML_VALUE_TOKEN, YAML_BLOCK_END_TOKEN);
}

static void
read_block_map(struct reader *r, struct ynode *n)
{
	const struct ytoken *t;

	yaml_read_skip(r);
	while ((t = yaml_read_peek(r))->type != YAML_BLOCK_END_TOKEN) {
		const struct ytoken *mark = t;
		struct ynode *key, *value;

		if (t->type != YAML_KEY_TOKEN)
			read_fail(r, t, "expected a key of this mapping (is the line indented as the keys above it?)");
		yaml_read_skip(r);
		t = yaml_read_peek(r);
		key = ends_block_value(t) ? node_empty(r, mark, false) : yaml_read_read_node(r, true, true);
		key_add(r, n, key);
		t = yaml_read_peek(r);
		if (t->type == YAML_VALUE_TOKEN) {
			mark = t;
			yaml_read_skip(r);
			t = yaml_read_peek(r);
			value = ends_block_value(t) ? node_empty(r, mark, true) : yaml_read_read_node(r, true, true);
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
	yaml_read_skip(r);
}

static void
end_flow(struct reader *r, struct ynode *n)
{
	n->note = r->note;
	n->foot = r->foot;
	r->head = r->note = r->foot = r->stem = "";
	yaml_read_skip(r);
}

/* a: b among the items of a flow list */
static struct ynode *
read_single_pair(struct reader *r)
{
	struct ynode *n = node_at(r, Y_MAP, "!!map", yaml_read_peek(r)), *key, *value;
	const struct ytoken *t;

	n->style = Y_FLOW;
	yaml_read_skip(r);
	t = yaml_read_peek(r);
	if (yaml_read_is_one_of(t, YAML_VALUE_TOKEN, YAML_FLOW_ENTRY_TOKEN, YAML_FLOW_SEQUENCE_END_TOKEN)) {
		key = node_empty(r, t, false);
		yaml_read_skip(r);
	} else {
		key = yaml_read_read_node(r, false, false);
	}
	ynode_put(r->e, n, key);
	t = yaml_read_peek(r);
	if (t->type == YAML_VALUE_TOKEN) {
		yaml_read_skip(r);
		t = yaml_read_peek(r);
	}
	if (t->type == YAML_FLOW_ENTRY_TOKEN || t->type == YAML_FLOW_SEQUENCE_END_TOKEN)
		value = node_empty(r, t, false);
	else
		value = yaml_read_read_node(r, false, false);
	pair_add(r, n, key, value);
	return n;
}

static void
read_flow_list(struct reader *r, struct ynode *n)
{
	const struct ytoken *t;
	bool first = true;

	yaml_read_skip(r);
	while ((t = yaml_read_peek(r))->type != YAML_FLOW_SEQUENCE_END_TOKEN) {
		if (!first) {
			if (t->type != YAML_FLOW_ENTRY_TOKEN)
				read_fail(r, t, "expected `,` or `]`");
			yaml_read_skip(r);
			t = yaml_read_peek(r);
			if (t->type == YAML_FLOW_SEQUENCE_END_TOKEN)
				break;
		}
		kid_add(r, n, t->type == YAML_KEY_TOKEN ? read_single_pair(r) : yaml_read_read_node(r, false, false));
		first = false;
	}
	end_flow(r, n);
}

static struct ynode *
read_flow_value(struct reader *r)
{
	const struct ytoken *t = yaml_read_peek(r);

	if (t->type != YAML_VALUE_TOKEN)
		return node_empty(r, t, false);
	yaml_read_skip(r);
	t = yaml_read_peek(r);
	if (t->type == YAML_FLOW_ENTRY_TOKEN || t->type == YAML_FLOW_MAPPING_END_TOKEN)
		return node_empty(r, t, false);
	return yaml_read_read_node(r, false, false);
}

static void
read_flow_map(struct reader *r, struct ynode *n)
{
	const struct ytoken *t;
	bool first = true;

	yaml_read_skip(r);
	while ((t = yaml_read_peek(r))->type != YAML_FLOW_MAPPING_END_TOKEN) {
		struct ynode *key, *value;
		bool given;

		if (!first) {
			if (t->type != YAML_FLOW_ENTRY_TOKEN)
				read_fail(r, t, "expected `,` or `}`");
			yaml_read_skip(r);
			t = yaml_read_peek(r);
			if (t->type == YAML_FLOW_MAPPING_END_TOKEN)
				break;
		}
		given = t->type == YAML_KEY_TOKEN;
		if (given) {
			yaml_read_skip(r);
			t = yaml_read_peek(r);
		}
		if (given && yaml_read_is_one_of(t, YAML_VALUE_TOKEN, YAML_FLOW_ENTRY_TOKEN, YAML_FLOW_MAPPING_END_TOKEN))
			key = node_empty(r, t, false);
		else
			key = yaml_read_read_node(r, false, false);
		key_add(r, n, key);
		value = given ? read_flow_value(r) : node_empty(r, yaml_read_peek(r), false);
		pair_add(r, n, key, value);
		first = false;
	}
	end_flow(r, n);
}

static struct ynode *
yaml_read_read_alias(struct reader *r, const struct ytoken *t)
{
	struct ynode *n = node_at(r, Y_ALIAS, "", t);

	for (struct anchor *a = r->anchors; a && !n->alias; a = a->next)
		if (strcmp(a->name, t->text) == 0) {
			if (a->open)
				eval_fail(r->e, "%u:%u: alias `*%s` stands within what it means", t->line + 1, t->col + 1, t->text);
			n->alias = a->node;
		}
	if (!n->alias)
		eval_fail(r->e, "%u:%u: unknown anchor '%s' referenced", t->line + 1, t->col + 1, t->text);
	n->value = t->text;
	n->len = t->len;
	take_comments(r, n);
	yaml_read_skip(r);
	return n;
}

static struct ynode *
yaml_read_read_scalar(struct reader *r, const struct ytoken *t, const struct properties *p)
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
	yaml_read_skip(r);
	return n;
}

static const struct ytoken *
read_properties(struct reader *r, struct properties *p)
{
	const struct ytoken *t = yaml_read_peek(r);

	*p = (struct properties){ .at = t };
	for (int i = 0; i < 2; i++) {
		if (t->type == YAML_ANCHOR_TOKEN && !p->anchor)
			p->anchor = t->text;
		else if (t->type == YAML_TAG_TOKEN && !p->tag)
			p->tag = tag_of(r, t);
		else
			break;
		yaml_read_skip(r);
		t = yaml_read_peek(r);
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

static struct ynode *
yaml_read_read_node(struct reader *r, bool block, bool indentless)
{
	const struct ytoken *t = yaml_read_peek(r);
	struct properties p;

	if (t->type == YAML_ALIAS_TOKEN)
		return yaml_read_read_alias(r, t);
	t = read_properties(r, &p);
	if (indentless && t->type == YAML_BLOCK_ENTRY_TOKEN)
		return read_container(r, t, &p, true);
	if (t->type == YAML_SCALAR_TOKEN)
		return yaml_read_read_scalar(r, t, &p);
	if (t->type == YAML_FLOW_SEQUENCE_START_TOKEN || t->type == YAML_FLOW_MAPPING_START_TOKEN ||
	    (block && (t->type == YAML_BLOCK_SEQUENCE_START_TOKEN || t->type == YAML_BLOCK_MAPPING_START_TOKEN)))
		return read_container(r, t, &p, false);
	if (p.anchor || p.tag) {
		struct ynode *n = ynode_new(r->e, Y_SCALAR, "!!null", "");

		finish_node(r, n, &p);
		return n;
	}
	read_fail(r, t, "expected a value");
	return NULL;
}

static void
read_directives(struct reader *r)
{
	const struct ytoken *t;

	r->nhandles = 0;
	while ((t = yaml_read_peek(r))->type == YAML_VERSION_DIRECTIVE_TOKEN || t->type == YAML_TAG_DIRECTIVE_TOKEN) {
		if (t->type == YAML_TAG_DIRECTIVE_TOKEN) {
			if (r->nhandles == ARRAY_LEN(r->handles))
				read_fail(r, t, "too many %TAG directives");
			r->handles[r->nhandles][0] = t->handle;
			r->handles[r->nhandles++][1] = t->text;
		}
		yaml_read_skip(r);
	}
}

/* What of the comments before the first value is about the document: up to the last blank line. */
static const char *
document_head(struct reader *r)
{
	const char *h = r->head, *doc = "";

	for (size_t i = strlen(h); i-- > 1;) {
		if (h[i] != '\n')
			continue;
		if (!h[i + 1])
			doc = eval_dup(r->e, h, i);
		else if (h[i - 1] == '\n')
			doc = eval_dup(r->e, h, i - 1);
		else
			continue;
		r->head = h + i + 1;
		break;
	}
	return doc;
}

/* NULL: there is none */
static struct ynode *
yaml_read_read_document(struct reader *r, bool first)
{
	const struct ytoken *t = yaml_read_peek(r);
	const char *head = "", *foot;
	struct ynode *n;

	while (!first && t->type == YAML_DOCUMENT_END_TOKEN) {
		yaml_read_skip(r);
		t = yaml_read_peek(r);
	}
	if (t->type == YAML_STREAM_END_TOKEN)
		return NULL;
	if (first && !yaml_read_is_one_of(t, YAML_VERSION_DIRECTIVE_TOKEN, YAML_TAG_DIRECTIVE_TOKEN, YAML_DOCUMENT_START_TOKEN)) {
		r->nhandles = 0;
		head = document_head(r);
	} else {
		read_directives(r);
		t = yaml_read_peek(r);
		if (t->type != YAML_DOCUMENT_START_TOKEN)
			read_fail(r, t, "does not belong to what stands above (is the line indented as those around it?)");
		yaml_read_skip(r);
	}
	t = yaml_read_peek(r);
	if (yaml_read_is_one_of(t, YAML_VERSION_DIRECTIVE_TOKEN, YAML_TAG_DIRECTIVE_TOKEN, YAML_DOCUMENT_START_TOKEN) ||
	    t->type == YAML_DOCUMENT_END_TOKEN || t->type == YAML_STREAM_END_TOKEN)
		n = node_empty(r, t, false);
	else
		n = yaml_read_read_node(r, true, false);
	t = yaml_read_peek(r);
	if (t->type == YAML_DOCUMENT_END_TOKEN)
		yaml_read_skip(r);
	foot = *r->head && !*r->foot ? r->head : r->foot;
	r->head = r->note = r->foot = r->stem = "";
	n->head = *head ? eval_printf(r->e, "%s%s", head, n->head) : n->head;
	n->foot = *foot ? eval_printf(r->e, "%s%s", foot, n->foot) : n->foot;
	return n;
}

/* comments, blank lines and a separator that stand before all else are kept as they are */
static size_t
lead_len(const char *text, size_t len, struct text *lead)
{
	size_t at = 0;

	while (len - at >= 4) {
		const char *p = text + at, *nl = memchr(p, '\n', len - at);
		size_t line = nl ? (size_t)(nl - p) + 1 : len - at, blank = 0;

		while (blank < 4 && strchr(" \t\r\n\f\v", p[blank]))
			blank++;
		if (*p == '\n') {
			text_addc(lead, '\n');
			at++;
		} else if (memcmp(p, "--- ", 4) == 0 || memcmp(p, "---\n", 4) == 0) {
			text_adds(lead, "$yqDocSeparator$\n");
			at += 4;
		} else if ((blank < 4 && p[blank] == '#') || (blank < 2 && memcmp(p + blank, "%YA", 3) == 0)) {
			text_add(lead, p, line);
			at += line;
		} else {
			break;
		}
	}
	return at;
}

void
yaml_read_documents(struct eval *e, const char *text, size_t len, bool lead, struct nodes *out)
{
	struct reader r = { .e = e, .head = "", .note = "", .foot = "", .stem = "" };
	struct text front = { .e = e };
	struct ynode *n;
	size_t begin = 0, before = out->n;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		begin = 3;
	if (lead)
		begin += lead_len(text + begin, len - begin, &front);
	ytokens_scan(e, &r.t, text + begin, len - begin);
	yaml_read_skip(&r);	/* the beginning of the stream */
	while ((n = yaml_read_read_document(&r, out->n == before))) {
		n->doc = (uint32_t)(out->n - before);
		if (out->n == before)
			n->lead = text_end(&front);
		nodes_push(e, out, n);
	}
	if (out->n == before && front.len) {
		n = ynode_new(e, Y_SCALAR, "!!null", "");
		n->lead = text_end(&front);
		nodes_push(e, out, n);
	}
}

struct ynode *
snippet_read(struct eval *e, const char *s, size_t len)
{
	struct nodes *docs = nodes_new(e);
	struct ynode *n;

	if (!len)
		return ynode_new(e, Y_SCALAR, "!!null", "");
	yaml_read_documents(e, s, len, true, docs);
	if (!docs->n)
		eval_fail(e, "EOF");
	n = docs->v[0];
	if (n->kind == Y_SCALAR)
		n->note = n->lead;
	else
		n->head = n->lead;
	n->lead = "";
	if (ynode_has_tag(n, "!!str")) {
		const char *note = n->note;

		n = ynode_text(e, eval_dup(e, s, len), len);
		n->note = note;
		return n;
	}
	n->line = n->col = 0;
	return n;
}

struct ynode *
snippet_try(struct eval *e, const char *s, size_t len)
{
	jmp_buf *outer = e->out, here;
	int depth = e->depth, tree_depth = e->tree_depth;
	struct ynode *n = NULL;

	e->out = &here;
	if (setjmp(here) == 0) {
		struct ynode *made = snippet_read(e, s, len);

		e->out = outer;
		return made;
	}
	e->out = outer;
	e->depth = depth;
	e->tree_depth = tree_depth;
	if (e->used > e->limit - (1 << 16))
		longjmp(*outer, 1);
	return n;
}
