#include "state/desired/yq/yaml_tokens.h"

#include <string.h>

#include "state/desired/yaml/yaml_problem.h"
#include "state/desired/yq/yaml_comments.h"

static struct ytoken *
token_new(struct scan *s)
{
	struct ytokens *t = s->out;

	EVAL_GROW(s->e, t->v, t->n, t->cap);
	return &t->v[t->n++];
}

static void
token_texts(struct scan *s, struct ytoken *t, const yaml_token_t *from)
{
	const char *text = NULL, *handle = NULL;
	size_t len = 0;

	switch (from->type) {
	case YAML_SCALAR_TOKEN:
		text = (const char *)from->data.scalar.value;
		len = from->data.scalar.length;
		t->style = (uint8_t)from->data.scalar.style;
		break;
	case YAML_ANCHOR_TOKEN:
		text = (const char *)from->data.anchor.value;
		break;
	case YAML_ALIAS_TOKEN:
		text = (const char *)from->data.alias.value;
		break;
	case YAML_TAG_TOKEN:
		handle = (const char *)from->data.tag.handle;
		text = (const char *)from->data.tag.suffix;
		break;
	case YAML_TAG_DIRECTIVE_TOKEN:
		handle = (const char *)from->data.tag_directive.handle;
		text = (const char *)from->data.tag_directive.prefix;
		break;
	default:
		break;
	}
	if (text && from->type != YAML_SCALAR_TOKEN)
		len = strlen(text);
	t->text = text ? eval_dup(s->e, text, len) : "";
	t->len = len;
	t->handle = handle ? eval_dup(s->e, handle, strlen(handle)) : "";
}

static void
scan_indent(struct scan *s, const struct ytoken *t)
{
	if (t->type == YAML_BLOCK_END_TOKEN) {
		s->indent = s->nindents ? s->indents[--s->nindents] : -1;
		return;
	}
	if (s->nindents == MAX_INDENTS)
		eval_fail_at(s->e, t->line, t->col, "nested too deeply (more than 1000 levels)");
	s->indents[s->nindents++] = s->indent;
	s->indent = (int)t->col;
}

/* libyaml counts characters */
static uint32_t
byte_of(struct scan *s, size_t chars, size_t *seen_chars, size_t *seen_bytes)
{
	if (chars < *seen_chars)
		*seen_chars = *seen_bytes = 0;
	while (*seen_chars < chars && *seen_bytes < s->len) {
		*seen_bytes += char_width(s, *seen_bytes);
		++*seen_chars;
	}
	return (uint32_t)*seen_bytes;
}

struct libyaml {
	struct scan s;
	yaml_parser_t parser;
	yaml_token_t token;
	size_t chars, bytes;
};

/* One token; false: it was the last one. What fails in here leaves libyaml's memory to the caller. */
static bool
scan_token(struct libyaml *y, bool *gap, long *block)
{
	struct scan *s = &y->s;
	struct ytoken *t, made = {
		.type = y->token.type, .line = (uint32_t)y->token.start_mark.line, .col = (uint32_t)y->token.start_mark.column,
	};
	long note_at;
	char first;

	made.start = byte_of(s, y->token.start_mark.index, &y->chars, &y->bytes);
	made.end = byte_of(s, y->token.end_mark.index, &y->chars, &y->bytes);
	token_texts(s, &made, &y->token);
	if (!*gap && made.type != YAML_STREAM_START_TOKEN) {
		*block = (long)s->p.pos - 1;
		scan_gap(s);
		*gap = true;
	}
	if (made.type == YAML_BLOCK_END_TOKEN)
		made.start = made.end = (uint32_t)block_end_at(s, block);
	first = byte_at(s, made.start);
	note_at = s->out->n && ((!s->flow && first == ':') || (s->flow && first == ',')) ? (long)s->out->v[s->out->n - 1].start : made.start;
	t = token_new(s);
	*t = made;
	if (t->type == YAML_BLOCK_END_TOKEN || t->type == YAML_BLOCK_SEQUENCE_START_TOKEN || t->type == YAML_BLOCK_MAPPING_START_TOKEN) {
		scan_indent(s, t);
	} else if (t->end > t->start) {
		pass_token(s, t, (uint32_t)y->token.end_mark.line, (uint32_t)y->token.end_mark.column, note_at);
		*gap = false;
	}
	return t->type != YAML_STREAM_END_TOKEN;
}

static void __attribute__((noreturn))
libyaml_fail(struct libyaml *y)
{
	size_t line, col;
	const char *what = yaml_problem(&y->parser, y->s.text, y->s.len, &line, &col);

	eval_fail_at(y->s.e, line, col, what);
}

static void
scan_all(struct libyaml *y)
{
	bool gap = false, more = true;
	long block = 0;

	while (more) {
		if (!yaml_parser_scan(&y->parser, &y->token))
			libyaml_fail(y);
		more = scan_token(y, &gap, &block);
		yaml_token_delete(&y->token);
		memset(&y->token, 0, sizeof y->token);
	}
}

void
ytokens_scan(struct eval *e, struct ytokens *out, const char *text, size_t len)
{
	struct libyaml *y = eval_alloc(e, sizeof(*y));
	jmp_buf *outer = e->out, here;

	y->s = (struct scan){ .e = e, .out = out, .text = text, .len = len, .indent = -1 };
	if (!yaml_open(&y->parser, text, len))
		eval_fail(e, "no memory for the parser");
	e->out = &here;
	if (setjmp(here) == 0) {
		scan_all(y);
		e->out = outer;
		yaml_parser_delete(&y->parser);
		return;
	}
	e->out = outer;		/* what libyaml holds is its own */
	yaml_token_delete(&y->token);
	yaml_parser_delete(&y->parser);
	longjmp(*outer, 1);
}
