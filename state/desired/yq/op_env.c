/* The environment, where it is allowed. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "state/desired/yq/ops.h"

static void
need_env(struct eval *e)
{
	if (!e->may_env)
		eval_refuse(e, "env operations have been disabled");
}

RUN(env)
{
	const char *value;
	struct nodes *docs = nodes_new(e);

	need_env(e);
	value = getenv(x->text);
	if (x->flags & ENV_TEXT)
		return context_one(e, &c, ynode_text(e, eval_dup(e, value ? value : "", value ? strlen(value) : 0), value ? strlen(value) : 0));
	if (!value || !*value)
		eval_fail(e, "value for env variable '%s' not provided in env()", x->text);
	yaml_read_documents(e, eval_dup(e, value, strlen(value)), strlen(value), true, docs);
	if (!docs->n)
		eval_fail(e, "value for env variable '%s' not provided in env()", x->text);
	return context_one(e, &c, docs->v[0]);
}

/* $NAME, ${NAME} and ${NAME-default}, ${NAME:-default}: where it is unset, or also empty */
static size_t
env_put(struct eval *e, struct text *t, const char *s, int flags)
{
	bool braces = *s == '{', empty = false;
	const char *name = s + braces, *end = name, *by = NULL, *value;
	size_t by_len = 0;
	char *key;

	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	key = eval_dup(e, name, (size_t)(end - name));
	if (end == name)
		return 0;
	if (braces) {
		empty = *end == ':';
		end += empty;
		if (*end == '-' || *end == '=') {
			by = ++end;
			by_len = strcspn(by, "}");
			end += by_len;
		}
		if (*end != '}')
			eval_fail(e, "`${%s` is not closed", key);
		end++;
	}
	value = getenv(key);
	if (by && (!value || (empty && !*value)))
		text_add(t, by, by_len);
	else if (!value && flags & ENV_NO_UNSET)
		eval_fail(e, "variable ${%s} not set", key);
	else if (value && !*value && flags & ENV_NO_EMPTY)
		eval_fail(e, "variable ${%s} set but empty", key);
	else
		text_adds(t, value ? value : "");
	return (size_t)(end - s);
}

EACH(envsubst)
{
	struct text t = { .e = e };

	need_env(e);
	if (!ynode_has_tag(n, "!!str"))
		eval_fail(e, "cannot substitute with %s, can only substitute strings. Hint: Most often you'll want to use '|=' over '=' for this operation",
			  n->tag);
	for (const char *p = n->value; p < n->value + n->len; p++) {
		size_t len = *p == '$' ? env_put(e, &t, p + 1, x->flags) : 0;

		if (!len)
			text_addc(&t, *p);
		p += len;
	}
	return text_node(&t, n);
}
