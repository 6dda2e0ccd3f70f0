#include <ctype.h>
#include <string.h>

#include "state/desired/yq/yaml_print.h"

void
pen_put(struct pen *p, char c)
{
	text_addc(p->out, c);
	p->column++;
}

void
pen_break(struct pen *p)
{
	text_addc(p->out, '\n');
	p->column = 0;
	p->indention = true;
}

void
pen_char(struct pen *p, const char *s, size_t width)
{
	text_add(p->out, s, width);
	p->column++;
}

void
pen_indent(struct pen *p)
{
	int indent = p->indent < 0 ? 0 : p->indent;

	if (!p->indention || p->column > indent || (p->column == indent && !p->whitespace))
		pen_break(p);
	if (p->foot_indent == indent)
		pen_break(p);
	while (p->column < indent)
		pen_put(p, ' ');
	p->whitespace = true;
	p->foot_indent = -1;
}

void
pen_sign(struct pen *p, const char *sign, bool need_blank, bool is_blank, bool is_indention)
{
	if (need_blank && !p->whitespace)
		pen_put(p, ' ');
	for (; *sign; sign++)
		pen_put(p, *sign);
	p->whitespace = is_blank;
	p->indention = p->indention && is_indention;
}

static void
pen_comment(struct pen *p, const char *comment)
{
	bool breaks = false, pound = false;

	for (const char *s = comment; *s; s++) {
		if (*s == '\n') {
			pen_break(p);
			breaks = true;
			pound = false;
			continue;
		}
		if (breaks)
			pen_indent(p);
		if (!pound && *s != '#') {
			pen_put(p, '#');
			pen_put(p, ' ');
		}
		pound = true;
		text_addc(p->out, *s);
		p->column += ((unsigned char)*s & 0xc0) != 0x80;
		p->indention = false;
		breaks = false;
	}
	if (!breaks)
		pen_break(p);
	p->whitespace = true;
}

void
pen_head(struct pen *p)
{
	if (*p->tail) {
		pen_indent(p);
		pen_comment(p, p->tail);
		p->tail = "";
		p->foot_indent = p->indent < 0 ? 0 : p->indent;
	}
	if (!*p->head)
		return;
	pen_indent(p);
	pen_comment(p, p->head);
	p->head = "";
}

void
pen_note(struct pen *p, bool or_break)
{
	if (!*p->note) {
		if (or_break)
			pen_break(p);
		return;
	}
	if (!p->whitespace)
		pen_put(p, ' ');
	pen_comment(p, p->note);
	p->note = "";
}

void
pen_foot(struct pen *p)
{
	if (!*p->foot)
		return;
	pen_indent(p);
	pen_comment(p, p->foot);
	p->foot = "";
	p->foot_indent = p->indent < 0 ? 0 : p->indent;
}

void
pen_anchor(struct pen *p, char sign, const char *name)
{
	const char s[] = { sign, 0 };

	if (!*name)
		return;
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c <= ' ' || strchr(",[]{}", *c))
			eval_fail(p->e, "the name `%s` of an anchor may not have `%c` in it", name, *c);
	pen_sign(p, s, true, false, false);
	pen_sign(p, name, false, false, false);
}

void
pen_tag(struct pen *p, const char *tag)
{
	if (!*tag)
		return;
	if (!p->whitespace)
		pen_put(p, ' ');
	if (*tag != '!')
		pen_sign(p, "!<", false, false, false);
	for (const char *c = tag; *c; c++) {
		bool handle = *tag == '!' && c - tag < 2 && strspn(tag, "!") > (size_t)(c - tag);

		if (handle || isalnum((unsigned char)*c) || strchr("-;/?:@&=+$,_.~*'()[]", *c)) {
			pen_put(p, *c);
		} else {
			text_addf(p->out, "%%%02X", (unsigned char)*c);
			p->column += 3;
		}
	}
	if (*tag != '!')
		pen_put(p, '>');
	p->whitespace = false;
	p->indention = false;
}

void
yaml_print_lead(struct text *out, const char *lead, bool separators)
{
	for (const char *p = lead; *p;) {
		size_t len = strcspn(p, "\n"), blank = strspn(p, " \t\r\f\v");

		if (memmem(p, len, "$yqDocSeparator$", 16)) {
			if (separators)
				text_adds(out, "---\n");
		} else {
			if (len && *p != '%' && p[blank] != '#')
				text_adds(out, "# ");
			text_add(out, p, len);
			text_addc(out, '\n');
		}
		p += len + (p[len] == '\n');
	}
}
