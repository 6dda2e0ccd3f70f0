#include "cli/json_yaml.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "state/desired/emit.h"

static struct node *
node_of(struct arena *a, struct json_span v)
{
	struct json_span key, item;
	struct node *n;
	size_t at = 0, i = 0;

	if (!v.p || v.len == 0 || (v.p[0] != '{' && v.p[0] != '['))
		return v.p && v.p[0] == '"' ? node_text(a, json_text(a, v)) : node_plain(a, json_text(a, v));
	n = v.p[0] == '{' ? node_map(a) : node_list(a);
	while ((item = json_each(v, &at, &key)).p) {
		if (v.p[0] == '{')
			node_put(a, n, node_text(a, json_text(a, key)), node_of(a, item));
		else
			node_push(a, n, i++, node_of(a, item));
	}
	return n;
}

void
json_yaml(struct buf *out, struct json_span v)
{
	AUTO(arena) a = { 0 };

	yaml_emit(out, node_of(&a, v), NULL);
}
