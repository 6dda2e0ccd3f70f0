/* Scalars in YAML: which style each may have, and how it is written in it. */
#include <string.h>

#include "state/desired/yq/yaml_print.h"

static size_t
rune_width(unsigned char c)
{
	return c < 0x80 ? 1 : (c & 0xe0) == 0xc0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : (c & 0xf8) == 0xf0 ? 4 : 1;
}

/* a line break to YAML 1.1: CR, LF, NEL, LS, PS */
static size_t
break_width(const char *s, size_t left)
{
	if (*s == '\n' || *s == '\r')
		return 1;
	if (left > 1 && memcmp(s, "\xc2\x85", 2) == 0)
		return 2;
	if (left > 2 && (memcmp(s, "\xe2\x80\xa8", 3) == 0 || memcmp(s, "\xe2\x80\xa9", 3) == 0))
		return 3;
	return 0;
}

static bool
rune_printable(const char *s)
{
	const unsigned char *b = (const unsigned char *)s;

	return b[0] == '\n' || (b[0] >= 0x20 && b[0] <= 0x7e) || (b[0] == 0xc2 && b[1] >= 0xa0) || (b[0] > 0xc2 && b[0] < 0xed) ||
	       (b[0] == 0xed && b[1] < 0xa0) || b[0] == 0xee ||
	       (b[0] == 0xef && !(b[1] == 0xbb && b[2] == 0xbf) && !(b[1] == 0xbf && (b[2] == 0xbe || b[2] == 0xbf)));
}

static bool
blank_at(const char *s, size_t i, size_t len)
{
	return i >= len || s[i] == ' ' || s[i] == '\t';
}

/* What at this place would be taken for a sign of YAML, in a block and in a flow. */
static void
look_at_signs(const char *s, size_t i, size_t w, size_t len, bool behind_blank, bool *block, bool *flow)
{
	bool before_blank = blank_at(s, i + w, len);
	char c = s[i];

	if (i == 0 && c && strchr("#,[]{}&*!|>'\"%@`", c))
		*flow = *block = true;
	else if (i == 0 && c == '-' && before_blank)
		*flow = *block = true;
	else if (i > 0 && c && strchr(",?[]{}", c))
		*flow = true;
	else if (i > 0 && c == '#' && behind_blank)
		*flow = *block = true;
	if (c == ':' || (i == 0 && c == '?')) {
		*flow = true;
		*block |= before_blank;
	}
}

void
scalar_look(struct scalar_look *out, const char *s, size_t len)
{
	bool block = false, flow = false, lines = false, special = false, tabs = false, lead = false, trail_blank = false;
	bool trail_break = false, break_blank = false, blank_break = false, was_blank = false, was_break = false, behind_blank = true;

	*out = (struct scalar_look){ .block_plain = true, .single = true };
	if (!len)
		return;
	if (len >= 3 && (memcmp(s, "---", 3) == 0 || memcmp(s, "...", 3) == 0))
		block = flow = true;
	for (size_t i = 0, w; i < len; i += w) {
		size_t brk = break_width(s + i, len - i);
		bool last;

		w = rune_width((unsigned char)s[i]);
		last = i + w >= len;
		look_at_signs(s, i, w, len, behind_blank, &block, &flow);
		tabs |= s[i] == '\t';
		special |= s[i] != '\t' && !rune_printable(s + i);
		lead |= i == 0 && (s[i] == ' ' || brk);
		trail_blank |= s[i] == ' ' && last;
		trail_break |= brk && last;
		break_blank |= s[i] == ' ' && was_break;
		blank_break |= brk && was_blank;
		lines |= brk > 0;
		was_blank = s[i] == ' ';
		was_break = brk > 0;
		behind_blank = s[i] == ' ' || s[i] == '\t' || !s[i];
	}
	out->multiline = lines;
	out->single = !break_blank && !blank_break && !tabs && !special;
	out->flow_plain = out->block_plain = out->single && !lead && !trail_blank && !trail_break && !lines;
	out->block = !trail_blank && !blank_break && !special;
	out->flow_plain &= !flow;
	out->block_plain &= !block;
}

uint8_t
scalar_style(const struct pen *p, const struct ynode *n, const struct scalar_look *look)
{
	uint8_t style = n->style & (Y_DOUBLE | Y_SINGLE | Y_LITERAL | Y_FOLDED);

	if (p->simple_key && look->multiline)
		style = Y_DOUBLE;
	if (!style && (p->flow ? !look->flow_plain : !look->block_plain))
		style = Y_SINGLE;
	if (!style && !n->len && (p->flow || p->simple_key))
		style = Y_SINGLE;
	if (style == Y_SINGLE && !look->single)
		style = Y_DOUBLE;
	if (style & (Y_LITERAL | Y_FOLDED) && (!look->block || p->flow || p->simple_key))
		style = Y_DOUBLE;
	return style;
}

/* a line break of the text itself */
static void
pen_line(struct pen *p, const char *s, size_t width)
{
	if (*s == '\n') {
		pen_break(p);
		return;
	}
	text_add(p->out, s, width);
	p->column = 0;
	p->indention = true;
}

/* plain and single-quoted: a break in them is written twice, so that it is one when it is read */
static void
write_folding(struct pen *p, const struct ynode *n, bool quotes)
{
	const char *s = n->value;
	bool breaks = false;

	for (size_t i = 0, w; i < n->len; i += w) {
		w = break_width(s + i, n->len - i);
		if (w) {
			if (!breaks && s[i] == '\n')
				pen_break(p);
			pen_line(p, s + i, w);
			breaks = true;
			continue;
		}
		w = rune_width((unsigned char)s[i]);
		w = w > n->len - i ? n->len - i : w;
		if (s[i] != ' ') {
			if (breaks)
				pen_indent(p);
			if (quotes && s[i] == '\'')
				pen_put(p, '\'');
			p->indention = false;
			breaks = false;
		}
		pen_char(p, s + i, w);
	}
}

static void
write_plain(struct pen *p, const struct ynode *n)
{
	if (n->len && !p->whitespace)
		pen_put(p, ' ');
	write_folding(p, n, false);
	if (n->len)
		p->whitespace = false;
	p->indention = false;
}

static void
write_single(struct pen *p, const struct ynode *n)
{
	pen_sign(p, "'", true, false, false);
	write_folding(p, n, true);
	pen_sign(p, "'", false, false, false);
}

static void
write_escape(struct pen *p, uint32_t rune)
{
	static const struct { uint32_t rune; char c; } names[] = {
		{ 0, '0' }, { 7, 'a' }, { 8, 'b' }, { 9, 't' }, { 10, 'n' }, { 11, 'v' }, { 12, 'f' }, { 13, 'r' }, { 27, 'e' },
		{ '"', '"' }, { '\\', '\\' }, { 0x85, 'N' }, { 0xa0, '_' }, { 0x2028, 'L' }, { 0x2029, 'P' },
	};

	pen_put(p, '\\');
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].rune == rune) {
			pen_put(p, names[i].c);
			return;
		}
	if (rune <= 0xff)
		text_addf(p->out, "x%02X", rune);
	else if (rune <= 0xffff)
		text_addf(p->out, "u%04X", rune);
	else
		text_addf(p->out, "U%08X", rune);
}

static uint32_t
rune_at(const char *s, size_t w)
{
	uint32_t r = w == 1 ? (unsigned char)*s : (unsigned char)*s & (0xff >> (w + 1));

	for (size_t i = 1; i < w; i++)
		r = r << 6 | ((unsigned char)s[i] & 0x3f);
	return r;
}

static void
write_double(struct pen *p, const struct ynode *n)
{
	const char *s = n->value;

	pen_sign(p, "\"", true, false, false);
	for (size_t i = 0, w; i < n->len; i += w) {
		w = rune_width((unsigned char)s[i]);
		w = w > n->len - i ? n->len - i : w;
		if (!rune_printable(s + i) || break_width(s + i, n->len - i) || s[i] == '"' || s[i] == '\\')
			write_escape(p, rune_at(s + i, w));
		else
			pen_char(p, s + i, w);
	}
	pen_sign(p, "\"", false, false, false);
}

/* Behind a block scalar's header there is one line: what followed would be the text's own first lines. */
static const char *
note_in_a_line(struct pen *p)
{
	char *note = eval_dup(p->e, p->note, strlen(p->note));

	for (char *c = note; (c = strchr(c, '\n'));)
		*c = ' ';
	return note;
}

/* what a block scalar's header says of blanks before it and breaks behind it */
static void
write_block_header(struct pen *p, const struct ynode *n, const char *sign)
{
	const char *s = n->value;
	size_t len = n->len, last = 0;
	char hint[] = { (char)('0' + p->best), 0 };

	pen_sign(p, sign, true, false, false);
	if (len && (*s == ' ' || break_width(s, len)))
		pen_sign(p, hint, false, false, false);
	for (size_t i = 0, w; i < len; i += w) {
		w = rune_width((unsigned char)s[i]);
		last = break_width(s + i, len - i) ? last + 1 : 0;
		if (last && len == i + w && i == 0)
			last = 2;
	}
	if (!last)
		pen_sign(p, "-", false, false, false);
	else if (last > 1)
		pen_sign(p, "+", false, false, false);
	if (strchr(p->note, '\n'))
		p->note = note_in_a_line(p);
	pen_note(p, true);
	p->whitespace = true;
}

static void
write_block(struct pen *p, const struct ynode *n, bool folded)
{
	const char *s = n->value;
	bool breaks = true, lead_blank = true;

	write_block_header(p, n, folded ? ">" : "|");
	for (size_t i = 0, w; i < n->len; i += w) {
		w = break_width(s + i, n->len - i);
		if (w) {
			size_t k = i, b;

			while (k < n->len && (b = break_width(s + k, n->len - k)))
				k += b;
			/* before a line that begins with a blank breaks are not folded */
			if (folded && !breaks && !lead_blank && s[i] == '\n' && (k == n->len || !blank_at(s, k, n->len)))
				pen_break(p);
			pen_line(p, s + i, w);
			breaks = true;
			continue;
		}
		w = rune_width((unsigned char)s[i]);
		w = w > n->len - i ? n->len - i : w;
		if (breaks) {
			pen_indent(p);
			lead_blank = s[i] == ' ' || s[i] == '\t';
		}
		pen_char(p, s + i, w);
		p->indention = false;
		breaks = false;
	}
}

void
scalar_write(struct pen *p, const struct ynode *n, uint8_t style)
{
	switch (style) {
	case Y_SINGLE:
		write_single(p, n);
		break;
	case Y_DOUBLE:
		write_double(p, n);
		break;
	case Y_LITERAL:
	case Y_FOLDED:
		write_block(p, n, style == Y_FOLDED);
		break;
	default:
		write_plain(p, n);
	}
}
