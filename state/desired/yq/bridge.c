#include "state/desired/yq/bridge.h"

#include <string.h>

static struct ynode *
scalar_of_node(struct eval *e, const struct node *n)
{
	static const uint8_t styles[] = {
		[STYLE_SINGLE] = Y_SINGLE, [STYLE_DOUBLE] = Y_DOUBLE, [STYLE_LITERAL] = Y_LITERAL, [STYLE_FOLDED] = Y_FOLDED, [STYLE_FLOW] = 0,
	};
	struct ynode *y;

	if (n->kind == NODE_NULL)
		return ynode_new(e, Y_SCALAR, "!!null", "null");
	y = ynode_text(e, n->text, n->len);
	y->style = styles[n->style];
	if (n->style == STYLE_PLAIN && !(n->flags & NODE_TEXT))
		y->tag = tag_resolve(y->value, y->len);
	return y;
}

struct ynode *
ynode_of_node(struct eval *e, const struct node *n)
{
	bool map = n->kind == NODE_MAP;
	struct ynode *y;

	if (n->kind <= NODE_SCALAR) {
		y = scalar_of_node(e, n);
	} else {
		y = ynode_new(e, map ? Y_MAP : Y_SEQ, map ? "!!map" : "!!seq", "");
		y->style = n->style == STYLE_FLOW ? Y_FLOW : 0;
	}
	y->line = n->line;
	y->col = n->col;
	eval_enter(e);
	for (size_t i = 0; n->kind >= NODE_LIST && i < (map ? n->npair : n->n); i++) {
		struct ynode *key = map ? ynode_text(e, n->pair[i].key->text, n->pair[i].key->len) : ynode_int(e, (long long)i);
		struct ynode *value = ynode_of_node(e, map ? n->pair[i].value : n->item[i]);

		key->is_key = true;
		key->parent = value->parent = y;
		value->key = key;
		if (map)
			ynode_put(e, y, key);
		ynode_put(e, y, value);
	}
	eval_leave(e);
	return y;
}

static struct node *
node_of_scalar(struct arena *a, const struct ynode *n)
{
	struct node *s = node_text(a, "");

	s->text = arena_memdup(a, n->value, n->len);
	s->len = n->len;
	if (ynode_is_null(n))
		return node_plain(a, "null");
	if (ynode_has_tag(n, "!!int") || ynode_has_tag(n, "!!float") || ynode_has_tag(n, "!!bool"))
		s->style = STYLE_PLAIN;
	return s;
}

struct node *
node_of_ynode(struct arena *a, const struct ynode *n)
{
	struct node *to;

	if (n->kind != Y_MAP && n->kind != Y_SEQ)
		return n->kind == Y_SCALAR ? node_of_scalar(a, n) : node_plain(a, "null");
	to = n->kind == Y_MAP ? node_map(a) : node_list(a);
	for (size_t i = 0; i < n->n; i++) {
		if (n->kind == Y_SEQ) {
			node_push(a, to, to->n, node_of_ynode(a, n->kid[i]));
			continue;
		}
		if (i + 1 < n->n) {
			struct node *key = node_text(a, "");

			key->text = arena_memdup(a, n->kid[i]->value, n->kid[i]->len);
			key->len = n->kid[i]->len;
			node_put(a, to, key, node_of_ynode(a, n->kid[i + 1]));
		}
		i++;
	}
	return to;
}

size_t
node_bytes(const struct node *n)
{
	size_t sum = 8;

	if (n->kind <= NODE_SCALAR)
		return sum + n->len;
	for (size_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		sum += node_bytes(n->item[i]);
	for (size_t i = 0; n->kind == NODE_MAP && i < n->npair; i++)
		sum += node_bytes(n->pair[i].key) + node_bytes(n->pair[i].value);
	return sum;
}
