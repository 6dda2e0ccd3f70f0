/* Trees to texts and back, by the format. */
#include <string.h>

#include "state/desired/yq/formats.h"
#include "state/desired/yq/ops.h"
#include "state/desired/yq/yq.h"

static const char *
decoded_name(struct eval *e, const struct ynode *n)
{
	return eval_printf(e, "decoded: %s%u - %s", n->is_key ? n->value : "", ynode_root(n)->doc, n->key ? n->key->value : "");
}

static void
op_code_need_text(struct eval *e, const struct ynode *n, const char *format)
{
	if (strcmp(ynode_meaning(e, n), "!!str") != 0)
		eval_fail(e, "cannot encode %s as %s, can only operate on strings", n->tag, format);
}

void
format_print(struct text *out, struct ynode *n, const struct print_how *how)
{
	struct eval *e = out->e;

	if (how->format != YQ_YAML)
		ynode_explode(e, n);
	switch (how->format) {
	case YQ_YAML:
		if (n->kind != Y_SCALAR || !how->unwrap) {
			yaml_print(out, n, how->indent);
			return;
		}
		text_add(out, n->value, n->len);
		if (!*n->lead || n->len)
			text_addc(out, '\n');
		return;
	case YQ_JSON:
		if (n->kind == Y_SCALAR && how->unwrap)
			text_add(out, n->value, n->len);
		else
			json_print(out, n, how->indent);
		text_addc(out, '\n');
		return;
	case YQ_PROPS: properties_print(out, n, how->unwrap); return;
	case YQ_CSV: csv_print(out, n, ','); return;
	case YQ_TSV: csv_print(out, n, '\t'); return;
	case YQ_XML: xml_print(out, n, how->indent); return;
	case YQ_SHELL: variables_print(out, n); return;
	case YQ_BASE64: op_code_need_text(e, n, "base64"); base64_print(out, n); return;
	case YQ_URI: op_code_need_text(e, n, "URI"); uri_print(out, n); return;
	case YQ_SH: op_code_need_text(e, n, "a word of a shell"); shell_word_print(out, n); return;
	}
}

struct ynode *
format_read(struct eval *e, enum yq_format format, const char *s, size_t len)
{
	struct nodes *docs = nodes_new(e);

	switch (format) {
	case YQ_PROPS: return properties_read(e, s, len);
	case YQ_CSV: return csv_read(e, s, len, ',');
	case YQ_TSV: return csv_read(e, s, len, '\t');
	case YQ_XML: return xml_read(e, s, len);
	case YQ_BASE64: return base64_read(e, s, len);
	case YQ_URI: return uri_read(e, s, len);
	case YQ_YAML:
	case YQ_JSON: yaml_read_documents(e, s, len, true, docs); return nodes_first(docs);
	case YQ_SHELL:
	case YQ_SH: break;
	}
	eval_fail(e, "no support for input format");
}

EACH(encode)
{
	struct print_how how = { .format = (enum yq_format)(x->flags & 0xff), .indent = x->flags >> 8 & 0xff, .separators = true };
	bool chomp = (how.format == YQ_JSON && !how.indent) || how.format == YQ_CSV || how.format == YQ_TSV;
	const struct nodes *was = context_variable(c, decoded_name(e, n));
	struct text t = { .e = e };

	how.unwrap = (how.format == YQ_YAML || how.format == YQ_PROPS) && e->texts.unwrap;
	if (how.format == YQ_YAML)
		yaml_print_lead(&t, n->lead, e->texts.separators);
	else if (how.format == YQ_PROPS)
		properties_print_lead(&t, n->lead);
	format_print(&t, n, &how);
	text_end(&t);
	/* what was decoded from a single line becomes one again */
	if (was && was->n && t.len > 1 && t.s[t.len - 1] == '\n' && t.s[t.len - 2] != '\n' &&
	    !(was->v[0]->len && was->v[0]->value[was->v[0]->len - 1] == '\n'))
		chomp = true;
	if (chomp)
		text_chomp(&t, t.len);
	return text_node(&t, n);
}

EACH(decode)
{
	struct ynode *r;
	struct nodes *self = nodes_new(e);

	nodes_push(e, self, n);
	context_set(e, c, decoded_name(e, n), self);
	r = format_read(e, (enum yq_format)(x->flags & 0xff), n->value, n->len);
	if (!r)
		eval_fail(e, "there is nothing in `%s` to be decoded", n->value);
	r->key = n->key;
	r->parent = n->parent;
	return r;
}
