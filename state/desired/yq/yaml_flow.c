/* [ ] and { } of YAML. */
#include "state/desired/yq/yaml_nodes.h"

static void
end_flow(struct reader *r, struct ynode *n)
{
	n->note = r->note;
	n->foot = r->foot;
	r->head = r->note = r->foot = r->stem = "";
	token_skip(r);
}

/* a: b among the items of a flow list */
static struct ynode *
read_single_pair(struct reader *r)
{
	struct ynode *n = node_at(r, Y_MAP, "!!map", token_peek(r)), *key, *value;
	const struct ytoken *t;

	n->style = Y_FLOW;
	token_skip(r);
	t = token_peek(r);
	if (is_one_of(t, YAML_VALUE_TOKEN, YAML_FLOW_ENTRY_TOKEN, YAML_FLOW_SEQUENCE_END_TOKEN)) {
		key = node_empty(r, t, false);
		token_skip(r);
	} else {
		key = read_node(r, false, false);
	}
	ynode_put(r->e, n, key);
	t = token_peek(r);
	if (t->type == YAML_VALUE_TOKEN) {
		token_skip(r);
		t = token_peek(r);
	}
	if (t->type == YAML_FLOW_ENTRY_TOKEN || t->type == YAML_FLOW_SEQUENCE_END_TOKEN)
		value = node_empty(r, t, false);
	else
		value = read_node(r, false, false);
	pair_add(r, n, key, value);
	return n;
}

void
read_flow_list(struct reader *r, struct ynode *n)
{
	const struct ytoken *t;
	bool first = true;

	token_skip(r);
	while ((t = token_peek(r))->type != YAML_FLOW_SEQUENCE_END_TOKEN) {
		if (!first) {
			if (t->type != YAML_FLOW_ENTRY_TOKEN)
				read_fail(r, t, "expected `,` or `]`");
			token_skip(r);
			t = token_peek(r);
			if (t->type == YAML_FLOW_SEQUENCE_END_TOKEN)
				break;
		}
		kid_add(r, n, t->type == YAML_KEY_TOKEN ? read_single_pair(r) : read_node(r, false, false));
		first = false;
	}
	end_flow(r, n);
}

static struct ynode *
read_flow_value(struct reader *r)
{
	const struct ytoken *t = token_peek(r);

	if (t->type != YAML_VALUE_TOKEN)
		return node_empty(r, t, false);
	token_skip(r);
	t = token_peek(r);
	if (t->type == YAML_FLOW_ENTRY_TOKEN || t->type == YAML_FLOW_MAPPING_END_TOKEN)
		return node_empty(r, t, false);
	return read_node(r, false, false);
}

void
read_flow_map(struct reader *r, struct ynode *n)
{
	const struct ytoken *t;
	bool first = true;

	token_skip(r);
	while ((t = token_peek(r))->type != YAML_FLOW_MAPPING_END_TOKEN) {
		struct ynode *key, *value;
		bool given;

		if (!first) {
			if (t->type != YAML_FLOW_ENTRY_TOKEN)
				read_fail(r, t, "expected `,` or `}`");
			token_skip(r);
			t = token_peek(r);
			if (t->type == YAML_FLOW_MAPPING_END_TOKEN)
				break;
		}
		given = t->type == YAML_KEY_TOKEN;
		if (given) {
			token_skip(r);
			t = token_peek(r);
		}
		if (given && is_one_of(t, YAML_VALUE_TOKEN, YAML_FLOW_ENTRY_TOKEN, YAML_FLOW_MAPPING_END_TOKEN))
			key = node_empty(r, t, false);
		else
			key = read_node(r, false, false);
		key_add(r, n, key);
		value = given ? read_flow_value(r) : node_empty(r, token_peek(r), false);
		pair_add(r, n, key, value);
		first = false;
	}
	end_flow(r, n);
}
