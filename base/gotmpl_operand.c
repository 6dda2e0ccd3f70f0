/* Templates: what stands in an action: pipes, commands, constants, fields, variables. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/gotmpl_parser.h"
#include "base/mem.h"
#include "base/utf8.h"

/* Reads the hexadecimal digits of an escape. */
static int
hex_escape(struct parser *p, size_t n, unsigned long *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++, p->p++) {
		if (p->p >= p->end || !isxdigit((unsigned char)*p->p))
			return -1;
		*out = *out * 16 + (unsigned long)(isdigit((unsigned char)*p->p) ? *p->p - '0' : tolower(*p->p) - 'a' + 10);
	}
	return *out <= 0x10ffff ? 0 : -1;
}

/* Reads what follows a backslash, and appends the character that it stands for. */
static int
gotmpl_operand_escape(struct parser *p, struct buf *b)
{
	static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
	const char *f;
	char utf8[4];
	unsigned long c;

	if (p->p >= p->end || !*p->p)
		return -1;
	f = strchr(from, *p->p);
	if (f) {
		p->p++;
		buf_addc(b, to[f - from]);
		return 0;
	}
	switch (*p->p++) {
	case 'x':
		if (hex_escape(p, 2, &c) < 0)
			return -1;
		buf_addc(b, (char)c);
		return 0;
	case 'u': case 'U':
		if (hex_escape(p, p->p[-1] == 'u' ? 4 : 8, &c) < 0)
			return -1;
		buf_add(b, utf8, utf8_put(utf8, (uint32_t)c));
		return 0;
	}
	return -1;
}

static struct tmpl *
parse_quoted(struct parser *p)
{
	char quote = *p->p++;
	AUTO(buf) b = BUF_INIT;
	struct tmpl *t = parser_node(p, TMPL_CONST);

	while (p->p < p->end && *p->p != quote) {
		if (*p->p == '\n')
			return parser_fail(p, "a string is not closed");
		if (*p->p != '\\') {
			buf_addc(&b, *p->p++);
			continue;
		}
		p->p++;
		if (gotmpl_operand_escape(p, &b) < 0)
			return parser_fail(p, "a string has an unknown escape");
	}
	if (p->p >= p->end)
		return parser_fail(p, "a string is not closed");
	p->p++;
	if (quote == '\'') {		/* one character, as its number */
		if (b.len != 1)
			return parser_fail(p, "a character constant is not one ASCII character");
		t->value = gotmpl_int((unsigned char)*b.s);
		return t;
	}
	t->value = (struct gotmpl_value){ GOTMPL_TEXT, .s = arena_memdup(p->a, b.s, b.len), .len = b.len };
	return t;
}

static struct tmpl *
parse_raw(struct parser *p)
{
	const char *s = ++p->p, *end = memchr(s, '`', (size_t)(p->end - s));
	struct tmpl *t = parser_node(p, TMPL_CONST);

	if (!end)
		return parser_fail(p, "a raw string is not closed");
	t->value = (struct gotmpl_value){ GOTMPL_TEXT, .s = arena_memdup(p->a, s, (size_t)(end - s)), .len = (size_t)(end - s) };
	for (; p->p < end; p->p++)
		p->line += *p->p == '\n';
	p->p++;
	return t;
}

static struct tmpl *
parse_number(struct parser *p)
{
	struct tmpl *t = parser_node(p, TMPL_CONST);
	char text[64], *rest;
	size_t n = 0;
	int base;

	while (p->p + n < p->end && (parser_is_word(p->p[n]) || strchr(".+-", p->p[n])) && p->p[n] && n < sizeof text - 1) {
		if (n && strchr("+-", p->p[n]) && !strchr("eE", p->p[n - 1]))
			break;
		text[n] = p->p[n];
		n++;
	}
	text[n] = '\0';
	p->p += n;
	base = strchr(text, 'o') ? 0 : strchr(text, 'b') && !strchr(text, 'x') ? 2 : 0;
	if (base == 2 && (text[0] == '0'))
		t->value = gotmpl_int(strtoll(text + 2, &rest, 2));
	else if (text[0] == '0' && text[1] == 'o')
		t->value = gotmpl_int(strtoll(text + 2, &rest, 8));
	else
		t->value = gotmpl_int(strtoll(text, &rest, 0));
	if (*rest)
		t->value = (struct gotmpl_value){ GOTMPL_FLOAT, .d = strtod(text, &rest) };
	return *rest || !n ? parser_fail(p, "bad number") : t;
}

/* .A.B behind an operand (or behind nothing, for dot's) */
static struct tmpl *
parse_chain(struct parser *p, struct tmpl *of)
{
	while (p->p < p->end && *p->p == '.') {
		struct tmpl *t = parser_node(p, TMPL_FIELD);

		p->p++;
		t->len = parser_word_len(p);
		if (!t->len)
			return parser_fail(p, "a field name is expected behind the dot");
		t->s = arena_memdup(p->a, p->p, t->len);
		t->of = of;
		p->p += t->len;
		of = t;
	}
	return of;
}

static struct tmpl *
parse_variable(struct parser *p)
{
	struct tmpl *t = parser_node(p, TMPL_VAR);
	const char *start = p->p++;

	p->p += parser_word_len(p);
	t->s = arena_memdup(p->a, start, (size_t)(p->p - start));
	for (size_t i = p->nvars; i--;)
		if (!strcmp(p->vars[i], t->s))
			return parse_chain(p, t);
	tmpl_fail(p->err, p->line, "undefined variable %s", t->s);
	return NULL;
}

static struct tmpl *
parse_word(struct parser *p, bool *function)
{
	size_t n = parser_word_len(p);
	const struct gotmpl_func *f = p->more;
	struct tmpl *t;

	if ((n == 4 && parser_at(p, "true")) || (n == 5 && parser_at(p, "false"))) {
		t = parser_node(p, TMPL_CONST);
		t->value = gotmpl_bool(n == 4);
		p->p += n;
		return t;
	}
	if (n == 3 && parser_at(p, "nil")) {
		p->p += n;
		return parser_node(p, TMPL_NIL);
	}
	t = parser_node(p, TMPL_CALL);
	t->s = arena_memdup(p->a, p->p, n);
	while (f && f->name && strcmp(f->name, t->s))
		f++;
	if (!(f && f->name) && !tmpl_builtin(t->s, n)) {
		tmpl_fail(p->err, p->line, "function \"%s\" not defined", t->s);
		return NULL;
	}
	p->p += n;
	*function = true;
	return t;
}

/* NULL without err where no operand begins */
static struct tmpl *
parse_operand(struct parser *p, bool *function)
{
	struct tmpl *t;
	char c = p->p < p->end ? *p->p : '\0', second = p->p + 1 < p->end ? p->p[1] : '\0';

	*function = false;
	if (c == '(') {
		if (p->depth >= MAX_DEPTH)
			return parser_fail(p, "nested too deeply");
		p->depth++;
		p->p++;
		t = parser_pipe(p, false);
		p->depth--;
		parser_skip_blanks(p);
		if (!t || p->p >= p->end || *p->p != ')')
			return t ? parser_fail(p, "a parenthesis is not closed") : NULL;
		p->p++;
		return parse_chain(p, t);
	}
	if (c == '"' || c == '\'')
		return parse_quoted(p);
	if (c == '`')
		return parse_raw(p);
	if (c == '$')
		return parse_variable(p);
	if (isdigit((unsigned char)c) || (strchr("+-.", c) && c && isdigit((unsigned char)second)))
		return parse_number(p);
	if (c == '.') {
		if (parser_is_word(second))
			return parse_chain(p, NULL);
		p->p++;
		return parser_node(p, TMPL_DOT);
	}
	return parser_word_len(p) ? parse_word(p, function) : NULL;
}

static bool
at_operand_end(const struct parser *p)
{
	return p->p >= p->end || strchr(" \t\r\n|)", *p->p) || parser_at_close(p);
}

static struct tmpl *
parse_command(struct parser *p, bool first)
{
	struct tmpl *head, **tail = NULL, *t;
	bool function, inner;

	parser_skip_blanks(p);
	head = parse_operand(p, &function);
	if (!head)
		return p->err && p->err->code ? NULL : parser_fail(p, "missing value");
	if (!first && !function)
		return parser_fail(p, "what is behind | must be a function");
	if (function)
		tail = &head->args;
	for (;;) {
		if (!at_operand_end(p))
			return parser_fail(p, "unexpected character behind an operand");
		parser_skip_blanks(p);
		if (p->p >= p->end || *p->p == '|' || *p->p == ')' || parser_at_close(p))
			return head;
		if (!tail)
			return parser_fail(p, "arguments for what is no function");
		t = parse_operand(p, &inner);
		if (!t)
			return p->err && p->err->code ? NULL : parser_fail(p, "unexpected character in a command");
		*tail = t;
		tail = &t->next;
	}
}

/* `$x :=`, `$x =`, `$i, $x :=` in front of a pipe */
static int
parse_declaration(struct parser *p, struct tmpl *pipe, bool range)
{
	const char *start = p->p;
	const char *names[2] = { NULL, NULL };
	size_t n = 0;

	while (p->p < p->end && *p->p == '$' && n < 2) {
		const char *s = p->p++;

		p->p += parser_word_len(p);
		names[n++] = arena_memdup(p->a, s, (size_t)(p->p - s));
		parser_skip_blanks(p);
		if (n == 1 && range && p->p < p->end && *p->p == ',') {
			p->p++;
			parser_skip_blanks(p);
		} else {
			break;
		}
	}
	if (n && parser_at(p, ":=")) {
		p->p += 2;
	} else if (n && p->p < p->end && *p->p == '=') {
		p->p++;
		pipe->assign = true;
	} else {
		p->p = start;
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		pipe->vars[i] = names[i];
		if (pipe->assign)
			continue;
		if (p->nvars == MAX_VARS) {
			parser_fail(p, "too many variables");
			return -1;
		}
		p->vars[p->nvars++] = names[i];
	}
	return 0;
}

struct tmpl *
parser_pipe(struct parser *p, bool range)
{
	struct tmpl *pipe = parser_node(p, TMPL_PIPE), **tail = &pipe->commands, *t;

	if (p->nodes > MAX_NODES)
		return parser_fail(p, "too many expressions");
	parser_skip_blanks(p);
	if (parse_declaration(p, pipe, range) < 0)
		return NULL;
	for (;;) {
		/* A command is a node of its own, because `next` chains its arguments. */
		t = parser_node(p, TMPL_PIPE);
		t->args = parse_command(p, tail == &pipe->commands);
		if (!t->args)
			return NULL;
		*tail = t;
		tail = &t->next;
		parser_skip_blanks(p);
		if (p->p >= p->end || *p->p != '|')
			return pipe;
		p->p++;
	}
}
