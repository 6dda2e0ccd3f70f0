/* Templates: text to tree. */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/gotmpl_tree.h"
#include "base/mem.h"

enum { MAX_DEPTH = 50, MAX_VARS = 100, MAX_NODES = 50000 };

struct parser {
	struct arena *a;
	const char *p, *end;
	unsigned line;
	int depth, loops;
	size_t nodes;
	bool trim;		/* the last action ended in -}} */
	const char *vars[MAX_VARS];
	size_t nvars;
	const struct gotmpl_func *more;
	struct error *err;
};

/* what ended a list of statements */
enum stop { STOP_END_OF_TEXT, STOP_END, STOP_ELSE, STOP_ERROR };

int
tmpl_fail(struct error *err, unsigned line, const char *fmt, ...)
{
	AUTO(buf) b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	return error_set(err, ERR_INVALID, "template line %u: %s", line, b.s);
}

static struct tmpl *
fail(struct parser *p, const char *what)
{
	tmpl_fail(p->err, p->line, "%s", what);
	return NULL;
}

static struct tmpl *
node(struct parser *p, enum tmpl_kind kind)
{
	struct tmpl *t = arena_alloc(p->a, sizeof *t);

	p->nodes++;
	t->kind = kind;
	t->line = p->line;
	return t;
}

static bool
at(const struct parser *p, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(p->end - p->p) >= n && !memcmp(p->p, s, n);
}

static void
skip_blanks(struct parser *p)
{
	for (; p->p < p->end && strchr(" \t\r\n", *p->p) && *p->p; p->p++)
		p->line += *p->p == '\n';
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

static size_t
word_len(const struct parser *p)
{
	size_t n = 0;

	if (p->p < p->end && isdigit((unsigned char)*p->p))
		return 0;
	while (p->p + n < p->end && is_word(p->p[n]))
		n++;
	return n;
}

/* does the action end here? */
static bool
at_close(const struct parser *p)
{
	return at(p, "}}") || at(p, "-}}");
}

static int
close_action(struct parser *p)
{
	skip_blanks(p);
	p->trim = false;
	if (at(p, "-}}") && p->p[-1] && strchr(" \t\r\n", p->p[-1])) {
		p->trim = true;
		p->p++;
	}
	if (!at(p, "}}")) {
		fail(p, p->p < p->end ? "unexpected character in an action" : "an action is not closed by }}");
		return -1;
	}
	p->p += 2;
	return 0;
}

/* --- operands */

static struct tmpl *parse_pipe(struct parser *p, bool range);

static void
add_rune(struct buf *b, unsigned long c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
	} else if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
		buf_addc(b, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		buf_addc(b, (char)(0xe0 | c >> 12));
		buf_addc(b, (char)(0x80 | (c >> 6 & 63)));
		buf_addc(b, (char)(0x80 | (c & 63)));
	} else {
		buf_addc(b, (char)(0xf0 | c >> 18));
		buf_addc(b, (char)(0x80 | (c >> 12 & 63)));
		buf_addc(b, (char)(0x80 | (c >> 6 & 63)));
		buf_addc(b, (char)(0x80 | (c & 63)));
	}
}

/* hex digits of an escape */
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

/* behind a backslash; the character it stands for is appended */
static int
escape(struct parser *p, struct buf *b)
{
	static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
	const char *f;
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
		add_rune(b, c);
		return 0;
	}
	return -1;
}

static struct tmpl *
parse_quoted(struct parser *p)
{
	char quote = *p->p++;
	AUTO(buf) b = BUF_INIT;
	struct tmpl *t = node(p, TMPL_CONST);

	while (p->p < p->end && *p->p != quote) {
		if (*p->p == '\n')
			return fail(p, "a string is not closed");
		if (*p->p != '\\') {
			buf_addc(&b, *p->p++);
			continue;
		}
		p->p++;
		if (escape(p, &b) < 0)
			return fail(p, "a string has an unknown escape");
	}
	if (p->p >= p->end)
		return fail(p, "a string is not closed");
	p->p++;
	if (quote == '\'') {		/* one character, as its number */
		if (b.len != 1)
			return fail(p, "a character constant is not one ASCII character");
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
	struct tmpl *t = node(p, TMPL_CONST);

	if (!end)
		return fail(p, "a raw string is not closed");
	t->value = (struct gotmpl_value){ GOTMPL_TEXT, .s = arena_memdup(p->a, s, (size_t)(end - s)), .len = (size_t)(end - s) };
	for (; p->p < end; p->p++)
		p->line += *p->p == '\n';
	p->p++;
	return t;
}

static struct tmpl *
parse_number(struct parser *p)
{
	struct tmpl *t = node(p, TMPL_CONST);
	char text[64], *rest;
	size_t n = 0;
	int base;

	while (p->p + n < p->end && (is_word(p->p[n]) || strchr(".+-", p->p[n])) && p->p[n] && n < sizeof text - 1) {
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
	return *rest || !n ? fail(p, "bad number") : t;
}

/* .A.B behind an operand (or behind nothing, for dot's) */
static struct tmpl *
parse_chain(struct parser *p, struct tmpl *of)
{
	while (p->p < p->end && *p->p == '.') {
		struct tmpl *t = node(p, TMPL_FIELD);

		p->p++;
		t->len = word_len(p);
		if (!t->len)
			return fail(p, "a field name is expected behind the dot");
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
	struct tmpl *t = node(p, TMPL_VAR);
	const char *start = p->p++;

	p->p += word_len(p);
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
	size_t n = word_len(p);
	const struct gotmpl_func *f = p->more;
	struct tmpl *t;

	if ((n == 4 && at(p, "true")) || (n == 5 && at(p, "false"))) {
		t = node(p, TMPL_CONST);
		t->value = gotmpl_bool(n == 4);
		p->p += n;
		return t;
	}
	if (n == 3 && at(p, "nil")) {
		p->p += n;
		return node(p, TMPL_NIL);
	}
	t = node(p, TMPL_CALL);
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
			return fail(p, "nested too deeply");
		p->depth++;
		p->p++;
		t = parse_pipe(p, false);
		p->depth--;
		skip_blanks(p);
		if (!t || p->p >= p->end || *p->p != ')')
			return t ? fail(p, "a parenthesis is not closed") : NULL;
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
		if (is_word(second))
			return parse_chain(p, NULL);
		p->p++;
		return node(p, TMPL_DOT);
	}
	return word_len(p) ? parse_word(p, function) : NULL;
}

static bool
at_operand_end(const struct parser *p)
{
	return p->p >= p->end || strchr(" \t\r\n|)", *p->p) || at_close(p);
}

static struct tmpl *
parse_command(struct parser *p, bool first)
{
	struct tmpl *head, **tail = NULL, *t;
	bool function, inner;

	skip_blanks(p);
	head = parse_operand(p, &function);
	if (!head)
		return p->err && p->err->code ? NULL : fail(p, "missing value");
	if (!first && !function)
		return fail(p, "what is behind | must be a function");
	if (function)
		tail = &head->args;
	for (;;) {
		if (!at_operand_end(p))
			return fail(p, "unexpected character behind an operand");
		skip_blanks(p);
		if (p->p >= p->end || *p->p == '|' || *p->p == ')' || at_close(p))
			return head;
		if (!tail)
			return fail(p, "arguments for what is no function");
		t = parse_operand(p, &inner);
		if (!t)
			return p->err && p->err->code ? NULL : fail(p, "unexpected character in a command");
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

		p->p += word_len(p);
		names[n++] = arena_memdup(p->a, s, (size_t)(p->p - s));
		skip_blanks(p);
		if (n == 1 && range && p->p < p->end && *p->p == ',') {
			p->p++;
			skip_blanks(p);
		} else {
			break;
		}
	}
	if (n && at(p, ":=")) {
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
			fail(p, "too many variables");
			return -1;
		}
		p->vars[p->nvars++] = names[i];
	}
	return 0;
}

static struct tmpl *
parse_pipe(struct parser *p, bool range)
{
	struct tmpl *pipe = node(p, TMPL_PIPE), **tail = &pipe->commands, *t;

	if (p->nodes > MAX_NODES)
		return fail(p, "too many expressions");
	skip_blanks(p);
	if (parse_declaration(p, pipe, range) < 0)
		return NULL;
	for (;;) {
		/* a command is a node of its own: its `next` is taken by arguments otherwise */
		t = node(p, TMPL_PIPE);
		t->args = parse_command(p, tail == &pipe->commands);
		if (!t->args)
			return NULL;
		*tail = t;
		tail = &t->next;
		skip_blanks(p);
		if (p->p >= p->end || *p->p != '|')
			return pipe;
		p->p++;
	}
}

/* --- statements */

static enum stop parse_list(struct parser *p, struct tmpl **out);

static bool
take_word(struct parser *p, const char *word)
{
	size_t n = word_len(p);

	if (n != strlen(word) || !at(p, word))
		return false;
	p->p += n;
	return true;
}

/* the part behind {{else}}: a list up to {{end}}, or for "else if" a whole statement */
static int parse_control(struct parser *p, enum tmpl_kind kind, struct tmpl **out);

static int
parse_else(struct parser *p, enum tmpl_kind kind, struct tmpl **out)
{
	skip_blanks(p);
	if (kind == TMPL_IF && take_word(p, "if"))
		return parse_control(p, TMPL_IF, out);
	if (kind == TMPL_WITH && take_word(p, "with"))
		return parse_control(p, TMPL_WITH, out);
	if (close_action(p) < 0)
		return -1;
	switch (parse_list(p, out)) {
	case STOP_END:
		return close_action(p);
	case STOP_ERROR:
		return -1;
	default:
		fail(p, "{{else}} without {{end}}");
		return -1;
	}
}

static int
parse_control(struct parser *p, enum tmpl_kind kind, struct tmpl **out)
{
	struct tmpl *t = *out = node(p, kind);
	size_t vars = p->nvars;
	enum stop stop;
	int rc = -1;

	if (p->depth++ >= MAX_DEPTH) {
		fail(p, "nested too deeply");
		return -1;
	}
	t->pipe = parse_pipe(p, kind == TMPL_RANGE);
	if (!t->pipe || close_action(p) < 0)
		return -1;
	p->loops += kind == TMPL_RANGE;
	stop = parse_list(p, &t->body);
	p->loops -= kind == TMPL_RANGE;
	if (stop == STOP_ELSE)
		rc = parse_else(p, kind, &t->otherwise);
	else if (stop == STOP_END)
		rc = close_action(p);
	else if (stop == STOP_END_OF_TEXT)
		fail(p, "unexpected EOF: {{end}} is missing");
	p->nvars = vars;
	p->depth--;
	return rc;
}

static int
parse_comment(struct parser *p)
{
	const char *end = memmem(p->p, (size_t)(p->end - p->p), "*/", 2);

	if (!end) {
		fail(p, "a comment is not closed");
		return -1;
	}
	for (; p->p < end + 2; p->p++)
		p->line += *p->p == '\n';
	return close_action(p);
}

static int
parse_jump(struct parser *p, enum tmpl_kind kind, struct tmpl **out)
{
	if (!p->loops) {
		fail(p, "{{break}} or {{continue}} outside {{range}}");
		return -1;
	}
	*out = node(p, kind);
	return close_action(p);
}

/* behind {{: one statement in *out (or none, for a comment), or what ends the list */
static enum stop
parse_action(struct parser *p, struct tmpl **out)
{
	static const struct { const char *word; enum tmpl_kind kind; } controls[] = {
		{ "if", TMPL_IF }, { "with", TMPL_WITH }, { "range", TMPL_RANGE },
	};
	int rc;

	if (at(p, "/*"))
		return parse_comment(p) < 0 ? STOP_ERROR : STOP_END_OF_TEXT;
	skip_blanks(p);
	if (take_word(p, "end"))
		return STOP_END;
	if (take_word(p, "else"))
		return STOP_ELSE;
	for (size_t i = 0; i < ARRAY_LEN(controls); i++)
		if (take_word(p, controls[i].word))
			return parse_control(p, controls[i].kind, out) < 0 ? STOP_ERROR : STOP_END_OF_TEXT;
	if (take_word(p, "break"))
		return parse_jump(p, TMPL_BREAK, out) < 0 ? STOP_ERROR : STOP_END_OF_TEXT;
	if (take_word(p, "continue"))
		return parse_jump(p, TMPL_CONTINUE, out) < 0 ? STOP_ERROR : STOP_END_OF_TEXT;
	*out = node(p, TMPL_ACTION);
	(*out)->pipe = parse_pipe(p, false);
	rc = (*out)->pipe ? close_action(p) : -1;
	return rc < 0 ? STOP_ERROR : STOP_END_OF_TEXT;
}

/* plain text up to the next {{, less what trimming takes */
static void
parse_text(struct parser *p, struct tmpl **out)
{
	const char *s = p->p, *open = memmem(s, (size_t)(p->end - s), "{{", 2), *e = open ? open : p->end;
	bool trim = open && p->end - open > 3 && open[2] == '-' && strchr(" \t\r\n", open[3]);
	const char *stop = e;
	struct tmpl *t = node(p, TMPL_TEXT);

	for (const char *q = s; q < e; q++)
		p->line += *q == '\n';
	if (p->trim)
		while (s < stop && strchr(" \t\r\n", *s) && *s)
			s++;
	if (trim)
		while (stop > s && strchr(" \t\r\n", stop[-1]) && stop[-1])
			stop--;
	p->trim = false;
	p->p = open ? open + 2 + trim : p->end;
	if (trim)
		skip_blanks(p);
	t->s = s;
	t->len = (size_t)(stop - s);
	*out = t->len ? t : NULL;
}

static enum stop
parse_list(struct parser *p, struct tmpl **out)
{
	enum stop stop = STOP_END_OF_TEXT;

	while (p->p < p->end && stop == STOP_END_OF_TEXT) {
		bool last;

		last = !memmem(p->p, (size_t)(p->end - p->p), "{{", 2);
		parse_text(p, out);
		if (*out)
			out = &(*out)->next;
		if (last)
			break;
		*out = NULL;
		stop = parse_action(p, out);
		if (*out)
			out = &(*out)->next;
	}
	*out = NULL;
	return stop;
}

struct tmpl *
tmpl_parse(struct arena *a, const char *text, size_t len, const struct gotmpl_func *more, struct error *err)
{
	struct error why = { 0 };
	struct parser p = { .a = a, .p = text, .end = text + len, .line = 1, .more = more, .err = &why };
	struct tmpl *list = NULL, *root;

	p.vars[p.nvars++] = "$";
	switch (parse_list(&p, &list)) {
	case STOP_END_OF_TEXT:
		break;
	case STOP_ERROR:
		goto failed;
	default:
		fail(&p, "unexpected {{end}} or {{else}}");
		goto failed;
	}
	root = arena_alloc(a, sizeof *root);
	root->body = list;
	return root;
failed:
	if (err)
		*err = why;
	return NULL;
}
