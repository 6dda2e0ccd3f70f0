#include "cli/yq/yq_doc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/jsonspan.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "cli/view/json_pretty.h"
#include "cli/view/json_yaml.h"
#include "cli/yq/yq_parts.h"
#include "state/desired/yaml/emit.h"
#include "state/desired/yaml/set.h"
#include "state/desired/yq/yq.h"

/* --- env(X) --- */

static int
add_env(struct buf *out, const char *name, size_t len, bool text, struct error *err)
{
	auto_free char *key = xstrndup(name, len);
	const char *value = getenv(key);
	AUTO(arena) a = { 0 };
	struct source src = { .name = "env" };
	struct node *n;

	if (!value)
		return error_set(err, ERR_INVALID, "value for env variable '%s' not provided in %s()", key, text ? "strenv" : "env");
	if (text) {
		quote_json(out, value, false);
		return 0;
	}
	src.text = value;
	src.len = strlen(value);
	if (yaml_read(&n, &a, &src, NULL, err) < 0)
		return -1;
	node_json(n, out);
	return 0;
}

int
yq_env(struct buf *out, const char *expr, struct error *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

	for (const char *p = expr; *p;) {
		size_t word = strspn(p, letters), name;
		bool text = word == 6 && strncmp(p, "strenv", 6) == 0;

		if (*p == '"') {
			const char *from = p++;

			while (*p && *p != '"')
				p += *p == '\\' && p[1] ? 2 : 1;
			p += *p == '"';
			buf_add(out, from, (size_t)(p - from));
			continue;
		}
		name = word && p[word] == '(' ? strspn(p + word + 1, letters) : 0;
		if (name && p[word + 1 + name] == ')' && (text || (word == 3 && strncmp(p, "env", 3) == 0))) {
			if (add_env(out, p + word + 1, name, text, err) < 0)
				return -1;
			p += word + name + 2;
			continue;
		}
		buf_add(out, p, word ? word : 1);
		p += word ? word : 1;
	}
	return 0;
}

/* --- one document --- */

struct doc {
	const struct yq_style *style;
	struct arena arena;
	struct node *root;	/* of YAML; NULL: of JSON, or none */
	const char *expr, *json;	/* of YAML: what is evaluated, and on what */
	struct parts parts;
	bool looked;		/* for the parts */
	size_t n;		/* results so far */
	bool changes;		/* the expression changes the document, rather than picking something out of it */
	struct buf *out, *last;
};

/* The changed document, with what it had of comments. */
static int
emit_changed(struct doc *d, const char *json, struct error *err)
{
	struct source *src = arena_alloc(&d->arena, sizeof *src);
	struct node *want;

	*src = (struct source){ .name = "result", .text = arena_strdup(&d->arena, json), .len = strlen(json) };
	if (yaml_read(&want, &d->arena, src, NULL, err) < 0)
		return -1;
	node_update(&d->arena, d->root, want);
	yaml_emit(d->out, d->root, NULL);
	return 0;
}

/* The i-th result, where it stands in the document; NULL: it does not, or that would not be seen. */
static const struct part *
part_of(struct doc *d, size_t i, char first)
{
	bool scalar = first != '{' && first != '[';

	if (!d->root || d->changes || d->style->pretty || d->style->out != YQ_YAML || (scalar && d->style->unwrap))
		return NULL;
	if (!d->looked)
		parts_find(&d->parts, d->expr, d->root, d->json);
	d->looked = true;
	return i < d->parts.n && d->parts.v[i].node ? &d->parts.v[i] : NULL;
}

static int
print(void *ctx, const char *result, struct error *err)
{
	struct doc *d = ctx;
	struct json_span v = json_span_of(result);
	bool map = result[0] == '{', list = result[0] == '[';
	size_t before = d->out->len;
	const struct part *part = part_of(d, d->n++, result[0]);
	int r = 0;

	buf_truncate(d->last, 0);
	buf_adds(d->last, result);
	if (part && part->head)
		yaml_emit_part(d->out, part->head, part->node);
	else if (part)
		yaml_emit(d->out, part->node, NULL);
	else if (d->style->unwrap && result[0] == '"')
		buf_adds(d->out, json_text(&d->arena, v));
	else if (d->style->out == YQ_JSON && (d->style->indent || d->style->color))
		json_pretty(d->out, result, d->style->indent, d->style->color);
	else if (d->style->out == YQ_JSON)
		buf_adds(d->out, result);
	else if (d->root && d->changes && ((map && d->root->kind == NODE_MAP) || (list && d->root->kind == NODE_LIST)))
		r = emit_changed(d, result, err);
	else if (result[0] == 'n')
		buf_adds(d->out, result);
	else
		json_yaml(d->out, v);
	if (d->out->len == before || d->out->s[d->out->len - 1] != '\n')
		buf_addc(d->out, '\n');
	return r;
}

/* `.`, or something with an assignment in it */
static bool
changes(const char *expr)
{
	if (strcmp(expr, ".") == 0 || strstr(expr, "del("))
		return true;
	for (const char *p = strchr(expr, '='); p; p = strchr(p + 1, '=')) {
		if (p[1] == '=')
			p++;
		else if (p == expr || !strchr("!<>", p[-1]))
			return true;
	}
	return false;
}

static int
one_json(struct yq *q, const struct yq_style *style, const char *json, struct buf *out, struct buf *last, struct error *err)
{
	struct doc d = { .style = style, .out = out, .last = last };
	int r = yq_run(q, json, print, &d, err);

	arena_release(&d.arena);
	return r;
}

static int
one_yaml(struct yq *q, const char *expr, const struct yq_style *style, const char *name, const char *text, size_t len,
	 struct buf *out, struct buf *last, struct error *err)
{
	struct doc d = { .style = style, .expr = expr, .changes = !style->pretty && changes(expr), .out = out, .last = last };
	struct source src = { .name = name, .text = text, .len = len };
	AUTO(buf) json = BUF_INIT;
	int r = yaml_read(&d.root, &d.arena, &src, NULL, err);

	if (r == 0) {
		yaml_layout(d.root);
		node_json(d.root, &json);
		d.json = json.s;
		/* jq would make its own of large numbers */
		r = strcmp(expr, ".") == 0 ? print(&d, json.s, err) : yq_run(q, json.s, print, &d, err);
	}
	free(d.parts.v);
	arena_release(&d.arena);
	return r;
}

/* Length of the document at `p`: up to the next line that begins with `---`. */
static size_t
document(const char *p, const char *end)
{
	const char *q = p;

	while (q < end) {
		const char *eol = memchr(q, '\n', (size_t)(end - q));

		q = eol ? eol + 1 : end;
		if (end - q >= 3 && memcmp(q, "---", 3) == 0 && (end - q == 3 || isspace((unsigned char)q[3])))
			break;
	}
	return (size_t)(q - p);
}

static int
all_json(struct yq *q, const struct yq_style *style, const char *text, size_t len, struct buf *out, struct buf *last,
	 struct error *err)
{
	struct json_span all = { text, len }, v;
	size_t at = 0;

	while ((v = json_next(all, &at)).p) {
		auto_free char *json = xstrndup(v.p, v.len);

		if (one_json(q, style, json, out, last, err) < 0)
			return -1;
	}
	return 0;
}

int
yq_documents(struct yq *q, const char *expr, const struct yq_style *style, const char *name, const char *text,
	     size_t len, struct buf *out, struct buf *last, struct error *err)
{
	const char *end = text + len;
	size_t n = 0;

	if (style->null_input)
		return one_json(q, style, "null", out, last, err);
	if (style->in == YQ_JSON)
		return all_json(q, style, text, len, out, last, err);
	do {
		size_t part = document(text, end);
		const char *body = text;

		if (part >= 3 && memcmp(body, "---", 3) == 0)	/* its marker is ours to print */
			body += 3 + strspn(body + 3, " \r\n");
		/* what does not come out of a document belongs to none */
		if (n++ && style->out == YQ_YAML && !style->no_doc && strchr(expr, '.'))
			buf_adds(out, "---\n");
		if (one_yaml(q, expr, style, name, body, (size_t)(text + part - body), out, last, err) < 0)
			return -1;
		text += part;
	} while (text < end);
	return 0;
}
