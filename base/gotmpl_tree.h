/* base/gotmpl_tree.h - a parsed template; for the gotmpl*.c only. */
#pragma once
#include "base/gotmpl.h"

enum tmpl_kind {
	/* statements */
	TMPL_TEXT, TMPL_ACTION, TMPL_IF, TMPL_WITH, TMPL_RANGE, TMPL_BREAK, TMPL_CONTINUE,
	/* operands */
	TMPL_DOT, TMPL_FIELD, TMPL_VAR, TMPL_CONST, TMPL_NIL, TMPL_CALL, TMPL_PIPE,
};

/* pipe := [vars := or =] command | command ...; command := operand or function with arguments */
struct tmpl {
	enum tmpl_kind kind;
	unsigned line;
	struct tmpl *next;		/* statement, argument or command behind this one */
	/* TEXT, FIELD (one name), VAR ($x), CALL (function) */
	const char *s;
	size_t len;
	struct gotmpl_value value;	/* CONST */
	struct tmpl *of;		/* FIELD: of what; NULL: of dot */
	struct tmpl *args;		/* CALL: arguments; a command of an operand alone: none */
	struct tmpl *commands;		/* PIPE */
	const char *vars[2];		/* PIPE: names set, or NULL */
	bool assign;			/* `=`, not `:=` */
	struct tmpl *pipe;		/* ACTION, IF, WITH, RANGE */
	struct tmpl *body, *otherwise;
};

/* NULL with err: it does not parse. */
struct tmpl *tmpl_parse(struct arena *a, const char *text, size_t len, const struct gotmpl_func *more, struct error *err);

int tmpl_fail(struct error *err, unsigned line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Go's predefined functions; `and` and `or` are known to the runner, which stops at the first answer. */
const struct gotmpl_func *tmpl_builtin(const char *name, size_t len);

/* --- gotmpl_print.c: three of them, and how a function's text becomes its value: 0 */
int tmpl_print(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err);
int tmpl_println(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err);
int tmpl_printf(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err);
int tmpl_give(struct arena *a, struct buf *b, struct gotmpl_value *out);
