/* The comments of a YAML text, and what each is given to. */
#include "state/desired/yq/yaml_comments.h"

#include <string.h>

#include "base/auto.h"

char
byte_at(const struct scan *s, size_t pos)
{
	return pos < s->len ? s->text[pos] : '\0';
}

enum { LOOK_AHEAD = 512 };

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* how long a line break is that stands here: LF, CR, or what YAML 1.1 has besides; 0: none does */
static uint32_t
break_len(const struct scan *s, size_t pos)
{
	char c = byte_at(s, pos);

	if (c == '\n' || c == '\r')
		return c == '\r' && byte_at(s, pos + 1) == '\n' ? 2 : 1;
	if (c == '\xc2' && byte_at(s, pos + 1) == '\x85')
		return 2;
	return c == '\xe2' && byte_at(s, pos + 1) == '\x80' && (byte_at(s, pos + 2) & '\xfe') == '\xa8' ? 3 : 0;
}

size_t
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
	s->p.pos += break_len(s, s->p.pos);
	s->p.col = 0;
	s->p.line++;
	s->p.newlines++;
}

static struct ycomment *
comment_new(struct scan *s)
{
	struct ytokens *t = s->out;

	EVAL_GROW(s->e, t->comments, t->ncomments, t->comments_cap);
	return &t->comments[t->ncomments++];
}

/* Goes to `seen` and reads from there to the end of the line. */
static void
comment_text(struct scan *s, uint32_t seen, struct text *t, struct place *begin)
{
	for (;;) {
		if (break_len(s, s->p.pos) || s->p.pos >= s->len) {
			if (s->p.pos >= seen || s->p.pos >= s->len)
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
	struct place begin;	/* line 0, column 0 before the first one */
	long scan, at;
	long line, column;	/* of what is looked at */
	long foot_line;		/* where a comment must begin to be still about what stands above */
	bool recent_empty, first_empty, behind_value;
	int next_indent;
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

/* An empty line, the text's end, or the end of a flow: what stands above it may be about what is above that. */
static void
lines_at_empty(struct scan *s, struct lines *l, long pos, bool close, bool end)
{
	bool dedented = (long)l->begin.col - 1 < l->next_indent;
	bool foot = close || (l->first_empty && (((long)l->begin.line == l->foot_line && !l->behind_value) || dedented));

	if (!close && l->recent_empty)
		return;
	if (!foot) {
		if (l->text.len && !end)
			text_addc(&l->text, '\n');
		return;
	}
	if (!l->text.len)
		return;
	if (dedented)
		l->at = l->begin.pos;
	lines_are_foot(s, l, pos);
}

/* One comment line, of which `peek` is the `#`. */
static void
lines_add(struct scan *s, struct lines *l, uint32_t peek)
{
	if (l->text.len)
		text_addc(&l->text, '\n');
	else
		l->begin = (struct place){ .pos = s->p.pos + peek, .line = (uint32_t)l->line, .col = (uint32_t)l->column };
	l->recent_empty = false;
	comment_text(s, s->p.pos + peek, &l->text, NULL);
	l->column = 0;
	l->line = s->p.line;
}

static void
scan_lines(struct scan *s, const struct place *from)
{
	const struct ytoken *before = token_before(s->out);
	struct lines l = {
		.text = { .e = s->e }, .scan = from->pos, .at = before->start, .line = s->p.line, .column = s->p.col, .foot_line = -1,
		.first_empty = s->p.newlines <= 1, .behind_value = before->type == YAML_VALUE_TOKEN, .next_indent = s->indent < 0 ? 0 : s->indent,
	};
	uint32_t peek;

	if (from->line > 0)
		l.foot_line = (long)s->p.line - s->p.newlines + 1 + (s->p.newlines == 0 && s->p.col > 1);
	for (peek = 0; peek < LOOK_AHEAD; peek++) {
		size_t pos = s->p.pos + peek;
		uint32_t brk = break_len(s, pos);
		bool close = s->flow > 0 && strchr("]}", byte_at(s, pos)) && pos < s->len, end = pos >= s->len;

		l.column++;
		if (!end && is_blank(byte_at(s, pos)))
			continue;
		if (close || end || brk) {
			lines_at_empty(s, &l, (long)pos, close, end);
			if (end || !brk)
				break;
			peek += brk - 1;
			l.first_empty = false;
			l.recent_empty = true;
			l.column = 0;
			l.line++;
			continue;
		}
		if (l.text.len && l.column - 1 < l.next_indent && l.column != (long)l.begin.col)
			lines_are_foot(s, &l, (long)pos);
		if (byte_at(s, pos) != '#')
			break;
		lines_add(s, &l, peek);
		peek = 0;	/* on the break, which is passed over */
	}
	if (l.text.len)
		*comment_new(s) = (struct ycomment){
			.scan = l.scan, .at = l.begin.pos, .begin = l.begin.pos, .end = (long)s->p.pos + peek - 1, .line = l.begin.line,
			.col = l.begin.col, .head = text_end(&l.text),
		};
}

/* Blanks, breaks and comments, up to what comes next. */
void
scan_gap(struct scan *s)
{
	struct place from = s->p;

	for (;;) {
		while (is_blank(byte_at(s, s->p.pos)))
			place_skip(s);
		if (byte_at(s, s->p.pos) == '#')
			scan_lines(s, &from);
		if (!break_len(s, s->p.pos))
			return;
		place_skip_line(s);
	}
}

/* A block ends before the comments behind it that stand where those around it stand. */
long
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
	for (uint32_t i = t->end; i > t->start && strchr(" \t\r\n", s->text[i - 1]); i--)
		s->p.newlines += s->text[i - 1] == '\n';
	while (byte_at(s, s->p.pos) == ' ')
		place_skip(s);
}

/* what the scanner has read when it has made the token */
void
pass_token(struct scan *s, const struct ytoken *t, uint32_t end_line, uint32_t end_col, long note_at)
{
	s->p = (struct place){ .pos = t->end, .line = end_line, .col = end_col };
	if (t->type == YAML_SCALAR_TOKEN && t->style >= YAML_LITERAL_SCALAR_STYLE)
		pass_block_scalar(s, t);
	while (t->type == YAML_SCALAR_TOKEN && t->style == YAML_PLAIN_SCALAR_STYLE) {
		if (is_blank(byte_at(s, s->p.pos)))
			place_skip(s);
		else if (break_len(s, s->p.pos))
			place_skip_line(s);
		else
			break;
	}
	if (t->type == YAML_FLOW_SEQUENCE_START_TOKEN || t->type == YAML_FLOW_MAPPING_START_TOKEN)
		s->flow++;
	if (s->flow > MAX_INDENTS)	/* libyaml looks at all levels with every token */
		eval_fail_at(s->e, t->line, t->col, "nested too deeply (more than 1000 levels)");
	if (t->type == YAML_FLOW_SEQUENCE_END_TOKEN || t->type == YAML_FLOW_MAPPING_END_TOKEN)
		s->flow--;
	if (t->type != YAML_BLOCK_ENTRY_TOKEN && t->type >= YAML_BLOCK_SEQUENCE_START_TOKEN)
		scan_note(s, note_at);
}
