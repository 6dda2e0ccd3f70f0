/* Documents of YAML as trees. */
#include <string.h>

#include "base/auto.h"
#include "state/desired/yq/yaml_nodes.h"

static void
read_directives(struct reader *r)
{
	const struct ytoken *t;

	r->nhandles = 0;
	while ((t = token_peek(r))->type == YAML_VERSION_DIRECTIVE_TOKEN || t->type == YAML_TAG_DIRECTIVE_TOKEN) {
		if (t->type == YAML_TAG_DIRECTIVE_TOKEN) {
			if (r->nhandles == ARRAY_LEN(r->handles))
				read_fail(r, t, "too many %TAG directives");
			r->handles[r->nhandles][0] = t->handle;
			r->handles[r->nhandles++][1] = t->text;
		}
		token_skip(r);
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
	const struct ytoken *t = token_peek(r);
	const char *head = "", *foot;
	struct ynode *n;

	while (!first && t->type == YAML_DOCUMENT_END_TOKEN) {
		token_skip(r);
		t = token_peek(r);
	}
	if (t->type == YAML_STREAM_END_TOKEN)
		return NULL;
	if (first && !is_one_of(t, YAML_VERSION_DIRECTIVE_TOKEN, YAML_TAG_DIRECTIVE_TOKEN, YAML_DOCUMENT_START_TOKEN)) {
		r->nhandles = 0;
		head = document_head(r);
	} else {
		read_directives(r);
		t = token_peek(r);
		if (t->type != YAML_DOCUMENT_START_TOKEN)
			read_fail(r, t, "does not belong to what stands above (is the line indented as those around it?)");
		token_skip(r);
	}
	t = token_peek(r);
	if (is_one_of(t, YAML_VERSION_DIRECTIVE_TOKEN, YAML_TAG_DIRECTIVE_TOKEN, YAML_DOCUMENT_START_TOKEN) ||
	    t->type == YAML_DOCUMENT_END_TOKEN || t->type == YAML_STREAM_END_TOKEN)
		n = node_empty(r, t, false);
	else
		n = read_node(r, true, false);
	t = token_peek(r);
	if (t->type == YAML_DOCUMENT_END_TOKEN)
		token_skip(r);
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
	for (size_t i = e->input_lines = 0; i < begin; i++)
		e->input_lines += text[i] == '\n';
	ytokens_scan(e, &r.t, text + begin, len - begin);
	token_skip(&r);	/* the beginning of the stream */
	while ((n = yaml_read_read_document(&r, out->n == before))) {
		n->doc = (uint32_t)(out->n - before);
		if (out->n == before)
			n->lead = text_end(&front);
		nodes_push(e, out, n);
	}
	if (out->n == before && !lead && strspn(text + begin, " \t\r\n") < len - begin)
		text_add(&front, text + begin, len - begin);
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
