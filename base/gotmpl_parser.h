/* base/gotmpl_parser.h - between gotmpl_parse.c (statements) and gotmpl_operand.c (what stands in them); for those two only. */
#pragma once
#include <stddef.h>

#include "base/gotmpl_tree.h"

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

struct tmpl *parser_fail(struct parser *p, const char *what);	/* NULL */
struct tmpl *parser_node(struct parser *p, enum tmpl_kind kind);
bool parser_at(const struct parser *p, const char *s);
bool parser_at_close(const struct parser *p);		/* does the action end here? */
void parser_skip_blanks(struct parser *p);
bool parser_is_word(char c);
size_t parser_word_len(const struct parser *p);

/* Up to the end of the action; `range`: two variables may be declared. NULL with err. */
struct tmpl *parser_pipe(struct parser *p, bool range);
