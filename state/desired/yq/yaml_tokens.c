#include "state/desired/yq/yaml_tokens.h"

#include <string.h>

#include "base/auto.h"

enum { LOOK_AHEAD = 512, MAX_INDENTS = 1000 };

/* the scanner's place while it goes over what libyaml made nothing of */
struct place {
	uint32_t pos, line, col;
	uint32_t newlines;	/* since the last character that is neither a blank nor a break */
};

struct scan {
	struct eval *e;
	struct ytokens *out;
	const char *text;
	size_t len;
	struct place p;
	int indent, flow;
	int indents[MAX_INDENTS];
	size_t nindents;
};

static char
byte_at(const struct scan *s, size_t pos)
{
	return pos < s->len ? s->text[pos] : '\0';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_break(char c)
{
	return c == '\n' || c == '\r';
}

static size_t
char_width(const struct scan *s, size_t pos)
{
	size_t n = 1;

	while (pos + n < s->len && ((unsigned char)s->text[pos + n] & 0xc0) == 0x80)
		n++;
	return n;
}

static void
place_skip(struct scan *s)
{
	if (!is_blank(byte_at(s, s->p.pos)))
		s->p.newlines = 0;
	s->p.pos += (uint32_t)char_width(s, s->p.pos);
	s->p.col++;
}

static void
place_skip_line(struct scan *s)
{
	s->p.pos += byte_at(s, s->p.pos) == '\r' && byte_at(s, s->p.pos + 1) == '\n' ? 2 : 1;
	s->p.col = 0;
	s->p.line++;
	s->p.newlines++;
}

static struct ycomment *
comment_new(struct scan *s)
{
	struct ytokens *t = s->out;

	if (t->ncomments == t->comments_cap) {
		size_t cap = t->comments_cap ? t->comments_cap * 2 : 16;
		struct ycomment *v = eval_alloc(s->e, cap * sizeof(*v));

		if (t->ncomments)
			memcpy(v, t->comments, t->ncomments * sizeof(*v));
		t->comments = v;
		t->comments_cap = cap;
	}
	return &t->comments[t->ncomments++];
}

static struct ytoken *
token_new(struct scan *s)
{
	struct ytokens *t = s->out;

	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64;
		struct ytoken *v = eval_alloc(s->e, cap * sizeof(*v));

		if (t->n)
			memcpy(v, t->v, t->n * sizeof(*v));
		t->v = v;
		t->cap = cap;
	}
	return &t->v[t->n++];
}

/* Goes to `seen` and reads from there to the end of the line. */
static void
comment_text(struct scan *s, uint32_t seen, struct text *t, struct place *begin)
{
	for (;;) {
		char c = byte_at(s, s->p.pos);

		if (is_break(c) || s->p.pos >= s->len) {
			if (s->p.pos >= seen)
				break;
			place_skip_line(s);
		} else if (s->p.pos >= seen) {
			if (!t->len && begin)
				*begin = s->p;
			text_add(t, s->text + s->p.pos, char_width(s, s->p.pos));
			place_skip(s);
		} else {
			place_skip(s);
		}
	}
}

/* a comment on the line of a token */
static void
scan_note(struct scan *s, long at)
{
	struct text t = { .e = s->e };
	struct place begin = s->p;
	uint32_t peek = 0;

	if (s->p.newlines > 0)
		return;
	while (peek < LOOK_AHEAD && is_blank(byte_at(s, s->p.pos + peek)))
		peek++;
	if (peek == LOOK_AHEAD || byte_at(s, s->p.pos + peek) != '#')
		return;
	comment_text(s, s->p.pos + peek, &t, &begin);
	*comment_new(s) = (struct ycomment){ .at = at, .begin = begin.pos, .line = begin.line, .col = begin.col, .note = text_end(&t) };
}

/* comments on lines of their own: what is one, and whose */
struct lines {
	struct text text;
	struct place begin;
	long scan, at;
};

static void
lines_are_foot(struct scan *s, struct lines *l, long end)
{
	*comment_new(s) = (struct ycomment){
		.scan = l->scan, .at = l->at, .begin = l->begin.pos, .end = end, .line = l->begin.line, .col = l->begin.col,
		.foot = text_end(&l->text),
	};
	l->scan = l->at = end;
	l->text = (struct text){ .e = s->e };
}

static const struct ytoken *
token_before(const struct ytokens *t)
{
	const struct ytoken *last = &t->v[t->n - 1];

	return last->type == YAML_FLOW_ENTRY_TOKEN && t->n > 1 ? last - 1 : last;
}

static void
scan_lines(struct scan *s, const struct place *from)
{
	const struct ytoken *before = token_before(s->out);
	struct lines l = { .text = { .e = s->e }, .scan = from->pos, .at = before->start, .begin.col = 0 };
	int next_indent = s->indent < 0 ? 0 : s->indent;
	bool recent_empty = false, first_empty = s->p.newlines <= 1;
	long line = s->p.line, column = s->p.col, foot_line = -1;
	uint32_t peek;

	if (from->line > 0) {
		foot_line = (long)s->p.line - s->p.newlines + 1;
		if (s->p.newlines == 0 && s->p.col > 1)
			foot_line++;
	}
	for (peek = 0; peek < LOOK_AHEAD; peek++) {
		char c = byte_at(s, s->p.pos + peek);
		bool close, end = s->p.pos + peek >= s->len;

		column++;
		if (!end && is_blank(c))
			continue;
		close = s->flow > 0 && (c == ']' || c == '}');
		if (close || end || is_break(c)) {
			if (close || !recent_empty) {
				if (close || (first_empty && (((long)l.begin.line == foot_line && before->type != YAML_VALUE_TOKEN) ||
							      (long)l.begin.col - 1 < next_indent))) {
					if (l.text.len) {
						if ((long)l.begin.col - 1 < next_indent)
							l.at = l.begin.pos;
						lines_are_foot(s, &l, s->p.pos + peek);
					}
				} else if (l.text.len && !end) {
					text_addc(&l.text, '\n');
				}
			}
			if (end || !is_break(c))
				break;
			if (c == '\r' && byte_at(s, s->p.pos + peek + 1) == '\n')
				peek++;
			first_empty = false;
			recent_empty = true;
			column = 0;
			line++;
			continue;
		}
		if (l.text.len && column - 1 < next_indent && column != (long)l.begin.col)
			lines_are_foot(s, &l, s->p.pos + peek);
		if (c != '#')
			break;
		if (l.text.len)
			text_addc(&l.text, '\n');
		else
			l.begin = (struct place){ .pos = s->p.pos + peek, .line = (uint32_t)line, .col = (uint32_t)column };
		recent_empty = false;
		comment_text(s, s->p.pos + peek, &l.text, NULL);
		peek = 0;	/* on the break, which is passed over */
		column = 0;
		line = s->p.line;
	}
	if (l.text.len)
		*comment_new(s) = (struct ycomment){
			.scan = l.scan, .at = l.begin.pos, .begin = l.begin.pos, .end = (long)s->p.pos + peek - 1, .line = l.begin.line,
			.col = l.begin.col, .head = text_end(&l.text),
		};
}

/* Blanks, breaks and comments, up to what comes next. */
static void
scan_gap(struct scan *s)
{
	struct place from = s->p;

	for (;;) {
		while (is_blank(byte_at(s, s->p.pos)))
			place_skip(s);
		if (byte_at(s, s->p.pos) == '#')
			scan_lines(s, &from);
		if (!is_break(byte_at(s, s->p.pos)))
			return;
		place_skip_line(s);
	}
}

/* A block ends before the comments behind it that stand where those around it stand. */
static long
block_end_at(struct scan *s, long *block)
{
	long stop = *block;

	for (size_t i = s->out->ncomments; i-- > 0;) {
		const struct ycomment *c = &s->out->comments[i];

		if (c->end < stop)
			break;
		if ((int)c->col == s->indent + 1)
			*block = c->begin;
		stop = c->scan;
	}
	return *block;
}

/* behind a block scalar: its header may have a comment, and blank lines behind it have been read already */
static void
pass_block_scalar(struct scan *s, const struct ytoken *t)
{
	struct place end = s->p;
	uint32_t at = t->start + 1;

	while (strchr("+-0123456789", byte_at(s, at)) && byte_at(s, at))
		at++;
	while (is_blank(byte_at(s, at)))
		at++;
	if (byte_at(s, at) == '#') {
		s->p = (struct place){ .pos = at, .line = t->line, .col = t->col + at - t->start };
		scan_note(s, t->start);
		s->p = end;
	}
	for (uint32_t i = t->end; i > t->start && (is_blank(s->text[i - 1]) || is_break(s->text[i - 1])); i--)
		s->p.newlines += s->text[i - 1] == '\n';
	while (byte_at(s, s->p.pos) == ' ')
		place_skip(s);
}

/* what the scanner has read when it has made the token */
static void
pass_token(struct scan *s, const struct ytoken *t, uint32_t end_line, uint32_t end_col, long note_at)
{
	s->p = (struct place){ .pos = t->end, .line = end_line, .col = end_col };
	if (t->type == YAML_SCALAR_TOKEN && t->style >= YAML_LITERAL_SCALAR_STYLE)
		pass_block_scalar(s, t);
	while (t->type == YAML_SCALAR_TOKEN && t->style == YAML_PLAIN_SCALAR_STYLE) {
		if (is_blank(byte_at(s, s->p.pos)))
			place_skip(s);
		else if (is_break(byte_at(s, s->p.pos)))
			place_skip_line(s);
		else
			break;
	}
	if (t->type == YAML_FLOW_SEQUENCE_START_TOKEN || t->type == YAML_FLOW_MAPPING_START_TOKEN)
		s->flow++;
	if (t->type == YAML_FLOW_SEQUENCE_END_TOKEN || t->type == YAML_FLOW_MAPPING_END_TOKEN)
		s->flow--;
	if (t->type != YAML_BLOCK_ENTRY_TOKEN && t->type >= YAML_BLOCK_SEQUENCE_START_TOKEN)
		scan_note(s, note_at);
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
		eval_fail(s->e, "%u:%u: nested too deeply (more than %d levels)", t->line + 1, t->col + 1, MAX_INDENTS);
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

static void
libyaml_fail(struct libyaml *y)
{
	const yaml_parser_t *p = &y->parser;
	size_t line = p->problem_mark.line, col = p->problem_mark.column;
	char *problem = eval_dup(y->s.e, p->problem ? p->problem : "no YAML", strlen(p->problem ? p->problem : "no YAML"));

	eval_fail(y->s.e, "%zu:%zu: %s", line + 1, col + 1, problem);
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
	if (!yaml_parser_initialize(&y->parser))
		eval_fail(e, "no memory for the parser");
	yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y->parser, (const unsigned char *)text, len);
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
