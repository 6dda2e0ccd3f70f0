/* Documents through an expression, and their results as yq prints them. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "state/desired/yq/formats.h"
#include "state/desired/yq/ops.h"
#include "state/desired/yq/run.h"

static void
read_documents(struct eval *e, const struct yq_style *style, const struct yq_input *in, unsigned file, bool lead, struct nodes *out)
{
	size_t from = out->n, used = 0;
	struct ynode *n;

	e->input = in->name;
	if (style->in == YQ_YAML) {
		yaml_read_documents(e, in->text, in->len, lead, out);
	} else if (style->in == YQ_JSON) {
		while ((n = json_read(e, in->text, in->len, &used, false)))
			nodes_push(e, out, n);
	} else if ((n = format_read(e, style->in, in->text, in->len))) {
		nodes_push(e, out, n);
	}
	e->input = NULL;
	for (size_t i = from; i < out->n; i++) {
		out->v[i]->doc = (uint32_t)(i - from);
		out->v[i]->file = in->name;
		out->v[i]->file_index = file;
	}
}

/* The name of what was just printed, from `from` on: what the other expression says of it, or else its number. */
static void
part_add(struct eval *e, struct run *r, struct ynode *n)
{
	struct context c = { .at = nodes_new(e) };
	struct nodes *index = nodes_new(e), *names;
	struct yq_result *to = r->result;
	const struct ynode *name;
	char *number = eval_printf(e, "%zu", to->nparts);

	nodes_push(e, c.at, n);
	nodes_push(e, index, ynode_new(e, Y_SCALAR, "!!int", number));
	context_set(e, &c, "index", index);
	names = expr_run(e, c, r->style->names->expr).at;
	name = nodes_first(names);
	if (name && memchr(name->value, '\0', name->len))
		eval_fail(e, "the name of result %s has a NUL in it", number);
	to->parts = xrealloc(to->parts, to->nparts + 1, sizeof *to->parts);
	to->parts[to->nparts++] = (struct yq_part){ xstrdup(name && *name->value ? name->value : number), to->out->len + r->out.len };
}

static void
print_end_by_nul(struct eval *e, struct text *out, size_t from)
{
	if (out->len > from && out->s[out->len - 1] == '\n')
		out->len--;
	if (out->len > from && memchr(out->s + from, '\0', out->len - from))
		eval_fail(e, "a result has a NUL in it, which is what stands between results here");
	text_addc(out, '\0');
}

void
yq_parts_release(struct yq_result *r)
{
	for (size_t i = 0; i < r->nparts; i++)
		free(r->parts[i].name);
	free(r->parts);
	r->parts = NULL;
	r->nparts = 0;
}

static void
print_results(struct eval *e, struct run *r, struct nodes *results)
{
	const struct yq_style *style = r->style;
	struct print_how how = { .format = style->out, .indent = style->indent, .unwrap = style->unwrap, .separators = !style->no_doc };
	struct yq_result *to = r->result;

	if (!results->n)
		return;
	if (!to->begun) {
		to->last_doc = ynode_root(results->v[0])->doc;
		to->last_file = ynode_root(results->v[0])->file_index;
		to->begun = true;
	}
	for (size_t i = 0; i < results->n; i++) {
		struct ynode *n = results->v[i];
		const struct ynode *root = ynode_root(n);
		bool separated = strncmp(n->lead, "$yqDocSeparator$", 16) == 0;
		size_t from;

		if ((to->last_doc != root->doc || to->last_file != root->file_index) && !separated && style->out == YQ_YAML && !style->no_doc)
			text_adds(&r->out, "---\n");
		from = r->out.len;
		if (style->out == YQ_YAML)
			yaml_print_lead(&r->out, n->lead, how.separators);
		else if (style->out == YQ_PROPS)
			properties_print_lead(&r->out, n->lead);
		to->any |= !ynode_is_null(n) && !(ynode_has_tag(n, "!!bool") && ynode_says(n, "false"));
		format_print(&r->out, n, &how);
		if (style->nul)
			print_end_by_nul(e, &r->out, from);
		if (style->names)
			part_add(e, r, n);
		to->last_doc = root->doc;
	}
}

static void
step_documents(struct eval *e, void *ctx)
{
	struct run *r = ctx;
	struct nodes *docs = nodes_new(e);

	r->out = (struct text){ .e = e };
	read_documents(e, r->style, r->in, r->file, r->style->lead, docs);
	for (size_t i = 0; i < docs->n; i++) {
		struct nodes *one = nodes_new(e);

		nodes_push(e, one, docs->v[i]);
		print_results(e, r, expr_evaluate(e, r->q, one));
	}
	r->result->documents += docs->n;
}

static void
step_together(struct eval *e, void *ctx)
{
	struct run *r = ctx;
	struct nodes *docs = nodes_new(e);

	r->out = (struct text){ .e = e };
	for (size_t i = 0; i < r->n_in; i++)
		read_documents(e, r->style, &r->in[i], (unsigned)i, r->style->lead && i == 0, docs);
	for (size_t i = 0; i < docs->n; i++)
		docs->v[i]->together = true;
	if (!docs->n)
		nodes_push(e, docs, ynode_new(e, Y_SCALAR, "!!null", ""));
	print_results(e, r, expr_evaluate(e, r->q, docs));
}

static void
step_nothing(struct eval *e, void *ctx)
{
	struct run *r = ctx;
	struct nodes *one = nodes_new(e);

	r->out = (struct text){ .e = e };
	nodes_push(e, one, ynode_new(e, Y_SCALAR, "!!null", ""));
	print_results(e, r, expr_evaluate(e, r->q, one));
}

static int
run_print(struct run *r, void (*step)(struct eval *e, void *ctx), size_t input, struct error *err)
{
	AUTO(arena) a = { 0 };

	if (run_guard(r, step, &a, input, err) < 0)
		return -1;
	if (r->out.len)
		buf_add(r->result->out, r->out.s, r->out.len);
	return 0;
}

int
yq_documents(struct yq *q, const struct yq_style *style, const struct yq_input *in, unsigned file, struct yq_result *res,
	     struct error *err)
{
	struct run r = { .q = q, .style = style, .in = in, .file = file, .result = res };

	return run_print(&r, step_documents, in->len, err);
}

int
yq_together(struct yq *q, const struct yq_style *style, const struct yq_input *in, size_t n, struct yq_result *res, struct error *err)
{
	struct run r = { .q = q, .style = style, .in = in, .n_in = n, .result = res };
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += in[i].len;
	return run_print(&r, step_together, len, err);
}

int
yq_on_nothing(struct yq *q, const struct yq_style *style, struct yq_result *res, struct error *err)
{
	struct run r = { .q = q, .style = style, .result = res };

	return run_print(&r, step_nothing, 0, err);
}
