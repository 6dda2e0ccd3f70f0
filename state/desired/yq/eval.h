/*
 * state/desired/yq/eval.h - one evaluation of an expression; for the files of this folder only.
 *
 * Whatever an evaluation makes lives in its arena. An error leaves by longjmp() from eval_fail() to the function that
 * began it (yq.c), so nothing in here holds what has to be freed. Steps, memory, depth and time are bounded.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "state/desired/yq/node.h"
#include "state/desired/yq/yq.h"

enum { EVAL_SECONDS = 3, EVAL_MEMORY_MIB = 64, EVAL_DEPTH = 1000, EVAL_TREE_DEPTH = 2000 };

struct eval {
	struct arena *arena;
	jmp_buf *out;		/* where errors go */
	struct error why;
	size_t used, limit;	/* bytes */
	uint32_t steps;
	int depth, tree_depth;
	struct timespec end;	/* by the clock of the processor */
	bool may_env, strict;
	struct {
		int indent;
		bool unwrap, separators;
	} texts;		/* how what is no text becomes one: as results are printed */
	const char *input;	/* the name of what is being read; NULL: something made here is */
	size_t input_lines;	/* that stand before what is read of it */
	bool input_is_bad;	/* the error is its, not the expression's */
	const struct expr *blocked;	/* the last step down that found a single value in its way */
};

void eval_fail(struct eval *e, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
/* a text that cannot be read: where (from 0) and why */
void eval_fail_at(struct eval *e, size_t line, size_t col, const char *what) __attribute__((noreturn));
/* ends by a whole sentence that says what is not for expressions */
void eval_refuse(struct eval *e, const char *what) __attribute__((noreturn));
void eval_step(struct eval *e);		/* to be called in whatever may take long */
void eval_enter(struct eval *e);	/* one level deeper in a tree */
static inline void
eval_leave(struct eval *e)
{
	e->tree_depth--;
}
void *eval_alloc(struct eval *e, size_t n);	/* zeroed */
/* room for one more of `size` bytes in a vector of n */
void *eval_grow(struct eval *e, void *v, size_t n, size_t *cap, size_t size);
#define EVAL_GROW(e, v, n, cap) ((v) = eval_grow(e, v, n, &(cap), sizeof *(v)))
char *eval_dup(struct eval *e, const char *s, size_t len);
char *eval_printf(struct eval *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A text that grows in the arena; zeroed but for `e` is empty. */
struct text {
	struct eval *e;
	char *s;		/* NULL while empty */
	size_t len, cap;
};
void text_add(struct text *t, const char *s, size_t len);
void text_adds(struct text *t, const char *s);
void text_addc(struct text *t, char c);
void text_addf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *text_end(struct text *t);	/* what it says, NUL-terminated */
void text_chomp(struct text *t, size_t most);	/* without so many line breaks at its end */
struct ynode *text_node(struct text *t, struct ynode *at);	/* a string at the place of `at`, or (NULL) of none */

/* --- results: lists of nodes, and what else an operator is given */
struct nodes {
	struct ynode **v;
	size_t n, cap;
};

struct variable {
	const char *name;
	struct nodes *value;
	struct variable *next;
};
struct scope {
	struct variable *head;
};

struct context {
	struct nodes *at;	/* what "." is */
	struct scope *scope;	/* NULL: no variable yet */
	bool read_only;		/* what is not there is not made */
	const char *layout;	/* of dates; NULL: RFC 3339 */
};

struct nodes *nodes_new(struct eval *e);
void nodes_push(struct eval *e, struct nodes *l, struct ynode *n);
void nodes_push_all(struct eval *e, struct nodes *l, const struct nodes *more);
static inline struct ynode *
nodes_first(const struct nodes *l)
{
	return l->n ? l->v[0] : NULL;
}

struct context context_with(struct eval *e, const struct context *c, struct nodes *at);
struct context context_one(struct eval *e, const struct context *c, struct ynode *n);
struct context context_one_read_only(struct eval *e, const struct context *c, struct ynode *n);
struct context context_read_only(struct eval *e, const struct context *c);
struct nodes *context_variable(const struct context *c, const char *name);
void context_set(struct eval *e, struct context *c, const char *name, struct nodes *value);

/* --- expressions */
struct operator;

struct traverse_how {
	bool no_alias, keys, no_values, read_only, optional;
};
struct merge_how {
	bool append, deep;
	struct traverse_how traverse;
	struct assign_how assign;
};

struct expr {
	const struct operator *op;
	struct expr *lhs, *rhs;
	struct ynode *value;	/* of constants */
	const char *text;	/* a key, the name of a variable, a string; as written */
	uint32_t at;		/* where it stands in the text, from 0 */
	bool update;		/* `|=` rather than `=` */
	int flags;		/* the row's, or a number that was given in brackets */
	struct traverse_how traverse;
	struct merge_how merge;
	struct assign_how assign;
};

typedef struct context operator_fn(struct eval *e, struct context c, struct expr *x);

struct operator {
	const char *name;	/* as in messages */
	uint8_t args, precedence;
	bool post;		/* .a may stand right behind it */
	operator_fn *run;
};

struct expr *expr_parse(struct eval *e, const char *text);
struct context expr_run(struct eval *e, struct context c, struct expr *x);
struct expr *expr_make(struct eval *e, const struct operator *op, struct expr *lhs, struct expr *rhs);
struct expr *expr_of_node(struct eval *e, struct ynode *n);	/* the very node */
/* the way down a path */
struct expr *expr_of_path(struct eval *e, const struct ynode *path, size_t from, struct traverse_how how, bool key);

typedef struct ynode *cross_fn(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx);
/* each left result with each right one; `empty`: also when one side has none */
struct cross {
	cross_fn *each;
	struct ynode *(*left)(struct eval *e, struct ynode *l);	/* what needs no look at the right side */
	bool empty;
	void *ctx;
};
struct context cross_run(struct eval *e, struct context c, struct expr *x, const struct cross *how);
/* all entries of what is there */
struct nodes *nodes_splat(struct eval *e, const struct context *c, struct traverse_how how);
struct nodes *nodes_of_kids(struct eval *e, const struct context *c, struct ynode *n);
struct ynode *nodes_collect(struct eval *e, const struct nodes *l);
bool context_together(const struct context *c);

struct nodes *map_traverse(struct eval *e, const struct context *c, struct ynode *map, struct ynode *key,
			   struct traverse_how how, bool splat);
struct ynode *add_nodes(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *ctx);
struct ynode *multiply_nodes(struct eval *e, struct context *c, struct ynode *l, struct ynode *r, void *how);
struct ynode *string_split(struct eval *e, struct ynode *to, const struct ynode *s, const struct ynode *by);
void nodes_descend(struct eval *e, struct nodes *out, const struct context *c, struct traverse_how how, bool lists);
void ynode_explode(struct eval *e, struct ynode *n);
bool key_matches(const char *name, size_t len, const char *pattern);
/* is any result of `test` on it true? */
bool is_true_for(struct eval *e, const struct context *c, struct ynode *n, struct expr *test);
/* by their bytes, like strcmp() */
int ynode_compare(const struct ynode *x, const struct ynode *y);

void need_text(struct eval *e, const struct ynode *n, const char *verb);
void need_list(struct eval *e, const struct ynode *n, const char *what);

/* --- two numbers (tag.c) */
struct numbers {
	bool ints;
	long long a, b;
	double x, y;
	char format;
	const char *tag;	/* of a result that is a float */
};
/* false: they are not both numbers. `divide`: no integers are wanted */
bool numbers_of(struct eval *e, struct numbers *out, const struct ynode *l, const struct ynode *r, bool divide);
bool tag_is_number(const char *tag);
long long ynode_to_int(struct eval *e, const struct ynode *n, char *format);

/* --- dates (date.c) */
struct moment {
	int64_t sec;
	int32_t nsec, offset;
	char zone[8];		/* its name; "" */
	bool utc;
};
bool date_parse(const char *layout, const char *s, struct moment *out);
int moment_compare(const struct moment *x, const struct moment *y);
const char *date_format(struct eval *e, const char *layout, const struct moment *m);
bool date_of(const struct context *c, const char *s, struct moment *out);
bool date_duration_parse(const char *s, int64_t *ns);
/* the same moment elsewhere; false: there is no such zone */
bool date_in_zone(struct eval *e, struct moment *m, const char *zone);
const char *context_layout(const struct context *c);
extern const char date_rfc3339[];

/* --- regular expressions (regex.c) */
struct match {
	size_t n;		/* groups, the whole included */
	long *at;		/* begin and end of each; -1: took no part */
};
struct regex;
struct regex *regex_open(struct eval *e, const char *pattern, size_t len);
const char *regex_group_name(struct eval *e, const struct regex *r, size_t group);
/* the first match from `from` on */
bool regex_match(struct eval *e, struct regex *r, const struct ynode *s, size_t from, struct match *out);
/* all, or the first */
size_t regex_all(struct eval *e, struct regex *r, const struct ynode *s, bool all, struct match **out);
const char *regex_replace(struct eval *e, struct regex *r, const struct ynode *s, const char *to, size_t *len);
void regex_close_all(struct eval *e);

/* --- texts to trees and back */
void yaml_read_documents(struct eval *e, const char *text, size_t len, bool lead, struct nodes *out);
void yaml_print(struct text *out, struct ynode *n, int indent);
void yaml_print_lead(struct text *out, const char *lead, bool separators);
struct ynode *json_read(struct eval *e, const char *text, size_t len, size_t *used, bool exact);
void json_print(struct text *out, const struct ynode *n, int indent);
/* a snippet, as yq reads values out of strings */
struct ynode *snippet_read(struct eval *e, const char *s, size_t len);
/* the same, but NULL where it cannot be read */
struct ynode *snippet_try(struct eval *e, const char *s, size_t len);

struct print_how {
	enum yq_format format;
	int indent;
	bool unwrap, separators;
};
/* one result; its leading comments and a separator are the caller's */
void format_print(struct text *out, struct ynode *n, const struct print_how *how);
struct ynode *format_read(struct eval *e, enum yq_format format, const char *s, size_t len);
