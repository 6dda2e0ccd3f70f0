#include "cli/yq/yq_parts.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/jsonspan.h"
#include "base/mem.h"
#include "state/desired/yq/yq.h"

struct search {
	const struct node *root;
	struct parts *out;
	struct arena arena;
};

/* The entry of that name or number; {0}: there is none. */
static struct part
step(struct arena *a, const struct node *n, struct json_span to)
{
	if (n->kind == NODE_MAP && *to.p == '"') {
		const char *key = json_text(a, to);

		for (size_t i = n->npair; i-- > 0;)
			if (node_key_is(&n->pair[i], key))
				return (struct part){ n->pair[i].key, n->pair[i].value };
	} else if (n->kind == NODE_LIST && *to.p != '"') {
		long i = strtol(to.p, NULL, 10);

		if (i < 0)
			i += (long)n->n;
		if (i >= 0 && i < (long)n->n)
			return (struct part){ n->item[i], n->item[i] };
	}
	return (struct part){ 0 };
}

static int
take(void *ctx, const char *path, struct error *err)
{
	struct search *s = ctx;
	struct json_span all = json_span_of(path), to;
	struct part p = { NULL, s->root };
	size_t at = 0;

	(void)err;
	while (p.node && (to = json_each(all, &at, NULL)).p)
		p = step(&s->arena, p.node, to);
	GROW(s->out->v, s->out->n, s->out->cap);
	s->out->v[s->out->n++] = p;
	return 0;
}

void
parts_find(struct parts *out, const char *expr, const struct node *root, const char *json)
{
	struct search s = { .root = root, .out = out };
	struct yq *q = yq_open_paths(expr, NULL);

	if (q && yq_run(q, json, take, &s, NULL) < 0)
		out->n = 0;
	yq_close(q);
	arena_release(&s.arena);
}
