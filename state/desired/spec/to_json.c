/* The filled configuration as JSON, and as nodes for YAML. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/number.h"
#include "base/quote/quote.h"
#include "base/mem.h"
#include "state/desired/spec/load.h"
#include "state/desired/yaml/scalar.h"

static bool
to_json_printed(const struct val *v)
{
	if (!v)
		return false;
	if (v->type == KEY_GROUP && v->index < 0)
		return !val_empty(v);
	return !((v->type >= KEY_TEXTS || v->key->flags & KEY_QUIET) && val_empty(v));
}

void
node_json(const struct node *n, struct buf *out)
{
	struct scalar s;
	const char *sep = "";

	switch ((enum node_kind)n->kind) {
	case NODE_NULL:
		buf_adds(out, "null");
		break;
	case NODE_LIST:
		buf_addc(out, '[');
		for (size_t i = 0; i < n->n; i++, sep = ",") {
			buf_adds(out, sep);
			node_json(n->item[i], out);
		}
		buf_addc(out, ']');
		break;
	case NODE_MAP:
		buf_addc(out, '{');
		for (size_t i = 0; i < n->npair; i++, sep = ",") {
			buf_adds(out, sep);
			quote_json(out, n->pair[i].key->text, false);
			buf_addc(out, ':');
			node_json(n->pair[i].value, out);
		}
		buf_addc(out, '}');
		break;
	case NODE_SCALAR:
		s = scalar_of(n);
		if (s.kind == SCALAR_BOOL)
			buf_adds(out, s.b ? "true" : "false");
		else if (s.kind == SCALAR_INT)
			buf_addf(out, "%lld", (long long)s.i);
		else if (s.kind == SCALAR_UINT)
			buf_addf(out, "%llu", (unsigned long long)s.u);
		else if (s.kind == SCALAR_FLOAT && s.d - s.d == 0)
			number_add(out, s.d, 21);
		else
			quote_json(out, n->text, false);
		break;
	}
}

/* Like upstream, an item without anything to print is left out. */
static bool
to_json_hollow(const struct val *item)
{
	if (item->type != KEY_GROUP)
		return false;
	for (size_t i = 0; item->key->sub[i].name; i++)
		if (to_json_printed(item->sub[i]))
			return false;
	return true;
}

static void
json_list(const struct val *v, struct buf *out)
{
	const char *sep = "";

	buf_addc(out, '[');
	for (size_t i = 0; i < v->n; i++) {
		if (to_json_hollow(v->item[i]))
			continue;
		buf_adds(out, sep);
		val_json(v->item[i], out);
		sep = ",";
	}
	buf_addc(out, ']');
}

static void
json_map(const struct val *v, struct buf *out)
{
	buf_addc(out, '{');
	for (size_t i = 0; i < v->npair; i++) {
		if (i)
			buf_addc(out, ',');
		quote_json(out, v->pair[i].key, false);
		buf_addc(out, ':');
		quote_json(out, v->pair[i].value, false);
	}
	buf_addc(out, '}');
}

static void
json_group(const struct val *v, struct buf *out)
{
	const char *sep = "";

	buf_addc(out, '{');
	for (size_t i = 0; v->key->sub[i].name; i++) {
		if (!to_json_printed(v->sub[i]))
			continue;
		/* No key has a character that JSON would quote. */
		buf_adds(out, sep);
		buf_addc(out, '"');
		buf_adds(out, v->key->sub[i].name);
		buf_adds(out, "\":");
		val_json(v->sub[i], out);
		sep = ",";
	}
	buf_addc(out, '}');
}

void
val_json(const struct val *v, struct buf *out)
{
	switch (v->type) {
	case KEY_BOOL:
		buf_adds(out, v->b ? "true" : "false");
		break;
	case KEY_INT: case KEY_UINT32:
		buf_addf(out, "%lld", (long long)v->i);
		break;
	case KEY_TEXT: case KEY_SIZE: case KEY_IP:
		quote_json(out, v->s, false);
		break;
	case KEY_PORTS: case KEY_TEXTS: case KEY_IPS: case KEY_LIST:
		json_list(v, out);
		break;
	case KEY_MAP:
		json_map(v, out);
		break;
	case KEY_ANY:
		node_json(v->any, out);
		break;
	case KEY_GROUP:
		json_group(v, out);
		break;
	}
}

/* A free-form value is written by its meaning, however it was spelt. */
static struct node *
any_node(struct arena *a, const struct node *n)
{
	struct node *out;
	AUTO(buf) b = BUF_INIT;

	if (n->kind == NODE_LIST) {
		out = node_list(a);
		for (size_t i = 0; i < n->n; i++)
			node_push(a, out, i, any_node(a, n->item[i]));
		return out;
	}
	if (n->kind == NODE_MAP) {
		out = node_map(a);
		for (size_t i = 0; i < n->npair; i++)
			node_put(a, out, node_text(a, n->pair[i].key->text), any_node(a, n->pair[i].value));
		return out;
	}
	if (n->kind == NODE_NULL)
		return node_plain(a, "null");
	if (scalar_of(n).kind == SCALAR_TEXT)
		return node_text(a, n->text);
	/* Upstream's reader takes a float without a dot for no number, so a dot is kept. */
	if (scalar_of(n).kind == SCALAR_FLOAT && (!strchr(n->text, '.') || !isfinite(scalar_of(n).d)))
		return node_plain(a, n->text);
	node_json(n, &b);
	if (scalar_of(n).kind == SCALAR_FLOAT && !strpbrk(b.s, ".e"))
		buf_adds(&b, ".0");
	return node_plain(a, b.s);
}

static struct node *
to_json_number(struct arena *a, long long i)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", i);
	return node_plain(a, text);
}

struct node *
val_node(struct arena *a, const struct val *v)
{
	struct node *n;

	switch (v->type) {
	case KEY_BOOL:
		return node_plain(a, v->b ? "true" : "false");
	case KEY_INT: case KEY_UINT32:
		return to_json_number(a, v->i);
	case KEY_TEXT: case KEY_SIZE: case KEY_IP:
		return node_text(a, v->s);
	case KEY_PORTS: case KEY_TEXTS: case KEY_IPS: case KEY_LIST:
		n = node_list(a);
		for (size_t i = 0; i < v->n; i++)
			node_push(a, n, i, val_node(a, v->item[i]));
		return n;
	case KEY_MAP:
		n = node_map(a);
		for (size_t i = 0; i < v->npair; i++)
			node_put(a, n, node_text(a, v->pair[i].key), node_text(a, v->pair[i].value));
		return n;
	case KEY_ANY:
		return any_node(a, v->any);
	case KEY_GROUP:
		break;
	}
	n = node_map(a);
	for (size_t i = 0; v->key->sub[i].name; i++)
		if (to_json_printed(v->sub[i]))
			node_put(a, n, node_text(a, v->key->sub[i].name), val_node(a, v->sub[i]));
	return n;
}
