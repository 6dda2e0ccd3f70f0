/* state/desired/yq/parse.h - an expression's tokens; for lex.c and parse.c only. */
#pragma once
#include "state/desired/yq/ops.h"

enum token_kind { T_OP, T_OPEN, T_CLOSE, T_OPEN_LIST, T_CLOSE_LIST, T_OPEN_MAP, T_CLOSE_MAP, T_INDEX };

struct token {
	enum token_kind kind;
	struct expr *x;		/* of T_OP */
	const struct operator *assign;
	bool post, optional;
	uint32_t at;
};

struct tokens {
	struct token *v;
	size_t n, cap;
};

struct lexer {
	struct eval *e;
	const char *text;
	size_t len, at;
	struct tokens out;
};

struct token *token_push(struct eval *e, struct tokens *l, struct token t);
/* All of the text; what is no word of the language is an error, with a hint for who knows jq. */
void lex_all(struct lexer *l);
/* No word of the language begins here. */
void lex_fail(struct lexer *l) __attribute__((noreturn));
