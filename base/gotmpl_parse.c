/* Templates: text to tree; this file has the statements. */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/gotmpl_parser.h"
#include "base/mem.h"

/* A list of statements ends by one of these. */
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

struct tmpl *
parser_fail(struct parser *p, const char *what)
{
	tmpl_fail(p->err, p->line, "%s", what);
	return NULL;
}

struct tmpl *
parser_node(struct parser *p, enum tmpl_kind kind)
{
	struct tmpl *t = arena_alloc(p->a, sizeof *t);

	p->nodes++;
	t->kind = kind;
	t->line = p->line;
	return t;
}

bool
parser_at(const struct parser *p, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(p->end - p->p) >= n && !memcmp(p->p, s, n);
}

void
parser_skip_blanks(struct parser *p)
{
	for (; p->p < p->end && strchr(" \t\r\n", *p->p) && *p->p; p->p++)
		p->line += *p->p == '\n';
}

bool
parser_is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

size_t
parser_word_len(const struct parser *p)
{
	size_t n = 0;

	if (p->p < p->end && isdigit((unsigned char)*p->p))
		return 0;
	while (p->p + n < p->end && parser_is_word(p->p[n]))
		n++;
	return n;
}

bool
parser_at_close(const struct parser *p)
{
	return parser_at(p, "}}") || parser_at(p, "-}}");
}

static int
close_action(struct parser *p)
{
	parser_skip_blanks(p);
	p->trim = false;
	if (parser_at(p, "-}}") && p->p[-1] && strchr(" \t\r\n", p->p[-1])) {
		p->trim = true;
		p->p++;
	}
	if (!parser_at(p, "}}")) {
		parser_fail(p, p->p < p->end ? "unexpected character in an action" : "an action is not closed by }}");
		return -1;
	}
	p->p += 2;
	return 0;
}

/* --- statements */

static enum stop parse_list(struct parser *p, struct tmpl **out);

static bool
take_word(struct parser *p, const char *word)
{
	size_t n = parser_word_len(p);

	if (n != strlen(word) || !parser_at(p, word))
		return false;
	p->p += n;
	return true;
}

/* The part behind {{else}} is a list up to {{end}}, or for "else if" a whole statement. */
static int parse_control(struct parser *p, enum tmpl_kind kind, struct tmpl **out);

static int
parse_else(struct parser *p, enum tmpl_kind kind, struct tmpl **out)
{
	parser_skip_blanks(p);
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
		parser_fail(p, "{{else}} without {{end}}");
		return -1;
	}
}

static int
parse_control(struct parser *p, enum tmpl_kind kind, struct tmpl **out)
{
	struct tmpl *t = *out = parser_node(p, kind);
	size_t vars = p->nvars;
	enum stop stop;
	int rc = -1;

	if (p->depth++ >= MAX_DEPTH) {
		parser_fail(p, "nested too deeply");
		return -1;
	}
	t->pipe = parser_pipe(p, kind == TMPL_RANGE);
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
		parser_fail(p, "unexpected EOF: {{end}} is missing");
	p->nvars = vars;
	p->depth--;
	return rc;
}

static int
parse_comment(struct parser *p)
{
	const char *end = memmem(p->p, (size_t)(p->end - p->p), "*/", 2);

	if (!end) {
		parser_fail(p, "a comment is not closed");
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
		parser_fail(p, "{{break}} or {{continue}} outside {{range}}");
		return -1;
	}
	*out = parser_node(p, kind);
	return close_action(p);
}

/* Reads what follows {{: one statement into *out (none for a comment), or what ends the list. */
static enum stop
parse_action(struct parser *p, struct tmpl **out)
{
	static const struct { const char *word; enum tmpl_kind kind; } controls[] = {
		{ "if", TMPL_IF }, { "with", TMPL_WITH }, { "range", TMPL_RANGE },
	};
	int rc;

	if (parser_at(p, "/*"))
		return parse_comment(p) < 0 ? STOP_ERROR : STOP_END_OF_TEXT;
	parser_skip_blanks(p);
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
	*out = parser_node(p, TMPL_ACTION);
	(*out)->pipe = parser_pipe(p, false);
	rc = (*out)->pipe ? close_action(p) : -1;
	return rc < 0 ? STOP_ERROR : STOP_END_OF_TEXT;
}

/* Plain text reaches up to the next {{, less what trimming takes. */
static void
parse_text(struct parser *p, struct tmpl **out)
{
	const char *s = p->p, *open = memmem(s, (size_t)(p->end - s), "{{", 2), *e = open ? open : p->end;
	bool trim = open && p->end - open > 3 && open[2] == '-' && strchr(" \t\r\n", open[3]);
	const char *stop = e;
	struct tmpl *t = parser_node(p, TMPL_TEXT);

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
		parser_skip_blanks(p);
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
		parser_fail(&p, "unexpected {{end}} or {{else}}");
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
