/* state/desired/yq/ops.h - the operators, and the table of words that stand for them; for the files of this folder only. */
#pragma once
#include "state/desired/yq/eval.h"

/* How a word is looked for: `?` makes the letter before it optional, `|` parts ways, `#` is a number, `~` are blanks. */
struct yq_word {
	const char *pattern;
	const struct operator *op, *assign;	/* what it is when a `=` follows */
	int flags;
	const char *about, *example, *gives;	/* a line of help; the example is run, on nothing, by a test */
};
extern const struct yq_word yq_words[];	/* ends with a pattern of NULL */

/* flags of rows */
enum {
	COMMENT_NOTE = 1, COMMENT_HEAD = 2, COMMENT_FOOT = 4, COMMENT_UPDATE = 8,	/* which comments */
	GREATER = 1, OR_EQUAL = 2,
	AS_REFERENCE = 1,
	UPPER_CASE = 1,
	ENV_TEXT = 1, ENV_NO_EMPTY = 2, ENV_NO_UNSET = 4,
	INDENT_GIVEN = 1 << 16,		/* the low byte of a coder's flags is its format, the next one its indentation */
};

#define OPERATORS \
	/* name, arguments, precedence, may .a follow at once, function */ \
	OP(or, "or", 2, 20, false, or) \
	OP(and, "and", 2, 20, false, and) \
	OP(reduce, "ireduce", 2, 35, false, reduce) \
	OP(block, ";", 2, 10, false, empty) \
	OP(union, ",", 2, 10, false, union) \
	OP(pipe, "|", 2, 30, false, pipe) \
	OP(assign, "=", 2, 40, false, assign) \
	OP(add_assign, "+=", 2, 40, false, add_assign) \
	OP(subtract_assign, "-=", 2, 40, false, subtract_assign) \
	OP(assign_marks, "=", 2, 40, false, assign_marks) \
	OP(assign_style, "style =", 2, 40, false, assign_style) \
	OP(as, "as", 2, 40, false, as) \
	OP(assign_tag, "tag =", 2, 40, false, assign_tag) \
	OP(assign_comment, "comment =", 2, 40, false, assign_comment) \
	OP(assign_anchor, "anchor =", 2, 40, false, assign_anchor) \
	OP(assign_alias, "alias =", 2, 40, false, assign_alias) \
	OP(multiply, "*", 2, 42, false, multiply) \
	OP(multiply_assign, "*=", 2, 42, false, multiply_assign) \
	OP(divide, "/", 2, 42, false, divide) \
	OP(modulo, "%", 2, 42, false, modulo) \
	OP(add, "+", 2, 42, false, add) \
	OP(subtract, "-", 2, 42, false, subtract) \
	OP(alternative, "//", 2, 42, false, alternative) \
	OP(equals, "==", 2, 40, false, equals) \
	OP(not_equals, "!=", 2, 40, false, not_equals) \
	OP(compare, "comparison", 2, 40, false, compare) \
	OP(min, "min", 0, 40, false, min) \
	OP(max, "max", 0, 40, false, max) \
	OP(create_map, ":", 2, 15, false, create_map) \
	OP(short_pipe, ".", 2, 45, false, pipe) \
	OP(length, "length", 0, 50, false, length) \
	OP(line, "line", 0, 50, false, line) \
	OP(column, "column", 0, 50, false, column) \
	OP(array_to_map, "array_to_map", 0, 50, false, array_to_map) \
	OP(collect, "[ ]", 1, 50, false, collect) \
	OP(map, "map", 1, 52, true, map) \
	OP(filter, "filter", 1, 52, true, filter) \
	OP(error, "error", 1, 50, false, error) \
	OP(pick, "pick", 1, 52, true, pick) \
	OP(omit, "omit", 1, 52, true, omit) \
	OP(eval, "eval", 1, 52, true, eval) \
	OP(map_values, "map_values", 1, 52, true, map_values) \
	OP(format_datetime, "format_datetime", 1, 50, false, format_datetime) \
	OP(with_dtf, "with_dtf", 1, 50, false, with_dtf) \
	OP(now, "now", 0, 50, false, now) \
	OP(tz, "tz", 1, 50, false, tz) \
	OP(from_unix, "from_unix", 0, 50, false, from_unix) \
	OP(to_unix, "to_unix", 0, 50, false, to_unix) \
	OP(encode, "encoder", 0, 50, false, encode) \
	OP(decode, "decoder", 0, 50, false, decode) \
	OP(any, "any", 0, 50, false, any) \
	OP(all, "all", 0, 50, false, all) \
	OP(contains, "contains", 1, 50, false, contains) \
	OP(any_c, "any_c", 1, 50, false, any) \
	OP(all_c, "all_c", 1, 50, false, all) \
	OP(to_entries, "to_entries", 0, 52, true, to_entries) \
	OP(from_entries, "from_entries", 0, 50, false, from_entries) \
	OP(with_entries, "with_entries", 1, 50, false, with_entries) \
	OP(with, "with", 1, 52, true, with) \
	OP(split_doc, "split_doc", 0, 52, true, split_doc) \
	OP(variable, "variable", 0, 55, true, variable) \
	OP(style, "style", 0, 50, false, style) \
	OP(tag, "tag", 0, 50, false, tag) \
	OP(kind, "kind", 0, 50, false, kind) \
	OP(key, "key", 0, 50, false, key) \
	OP(is_key, "is_key", 0, 50, false, is_key) \
	OP(parent, "parent", 0, 50, true, parent) \
	OP(parents, "parents", 0, 50, false, parents) \
	OP(comment, "comment", 0, 50, false, comment) \
	OP(anchor, "anchor", 0, 50, false, anchor) \
	OP(alias, "alias", 0, 50, false, alias) \
	OP(document_index, "document_index", 0, 50, false, document_index) \
	OP(filename, "filename", 0, 50, false, filename) \
	OP(file_index, "file_index", 0, 50, false, file_index) \
	OP(path, "path", 0, 52, true, path) \
	OP(set_path, "setpath", 1, 50, false, set_path) \
	OP(del_paths, "delpaths", 1, 52, true, del_paths) \
	OP(explode, "explode", 1, 52, true, explode) \
	OP(sort_by, "sort_by", 1, 52, true, sort) \
	OP(first, "first", 1, 52, true, first) \
	OP(reverse, "reverse", 0, 52, true, reverse) \
	OP(sort, "sort", 0, 52, true, sort) \
	OP(shuffle, "shuffle", 0, 52, true, shuffle) \
	OP(sort_keys, "sort_keys", 1, 52, true, sort_keys) \
	OP(join, "join", 1, 50, false, join) \
	OP(sub, "sub", 1, 50, false, sub) \
	OP(match, "match", 1, 50, false, match) \
	OP(capture, "capture", 1, 50, false, capture) \
	OP(test, "test", 1, 50, false, test) \
	OP(split, "split", 1, 52, true, split) \
	OP(change_case, "upcase", 0, 50, false, change_case) \
	OP(trim, "trim", 0, 50, false, trim) \
	OP(to_string, "to_string", 0, 50, false, to_string) \
	OP(string, "string", 0, 50, false, string) \
	OP(keys, "keys", 0, 52, true, keys) \
	OP(collect_object, "{ }", 0, 50, false, collect_object) \
	OP(traverse, ".key", 0, 55, true, traverse) \
	OP(traverse_array, ".[ ]", 2, 50, false, traverse_array) \
	OP(self, ".", 0, 55, false, self) \
	OP(value, "value", 0, 50, false, value) \
	OP(reference, "value", 0, 50, false, reference) \
	OP(env, "env", 0, 52, true, env) \
	OP(not, "not", 0, 50, false, not) \
	OP(to_number, "to_number", 0, 50, false, to_number) \
	OP(empty, "nothing", 0, 50, false, empty) \
	OP(envsubst, "envsubst", 0, 50, false, envsubst) \
	OP(descend, "..", 0, 50, false, descend) \
	OP(select, "select", 1, 52, true, select) \
	OP(has, "has", 1, 50, false, has) \
	OP(unique, "unique", 0, 52, true, unique) \
	OP(unique_by, "unique_by", 1, 52, true, unique) \
	OP(group_by, "group_by", 1, 52, true, group_by) \
	OP(flatten, "flatten", 0, 52, true, flatten) \
	OP(del, "del", 1, 40, false, del) \
	OP(pivot, "pivot", 0, 52, true, pivot) \
	OP(load, "load", 1, 52, true, load) \
	OP(system, "system", 1, 50, false, system)

#define RUN(name) struct context run_##name(struct eval *e, struct context c, struct expr *x)
#define OP(id, name, args, precedence, post, fn) \
	extern const struct operator op_##id; \
	RUN(fn);
OPERATORS
#undef OP

/* An operator that makes of each result one (or, NULL, none), by itself or with `arg`: the first result on its right, or NULL. */
typedef struct ynode *each_fn(struct eval *e, struct context *c, struct ynode *n, struct expr *x, struct ynode *arg);
struct context each_run(struct eval *e, struct context c, struct expr *x, each_fn *fn, bool with_arg);
#define EACH_AS(name, with_arg) \
	static each_fn each_##name; \
	RUN(name) \
	{ \
		return each_run(e, c, x, each_##name, with_arg); \
	} \
	static struct ynode *each_##name(struct eval *e __attribute__((unused)), struct context *c __attribute__((unused)), \
					 struct ynode *n, struct expr *x __attribute__((unused)), \
					 struct ynode *arg __attribute__((unused)))
#define EACH(name) EACH_AS(name, false)
#define EACH_WITH(name) EACH_AS(name, true)

/* An operator that makes something of each left result and each right one. */
#define CROSS(name, context, ...) \
	RUN(name) \
	{ \
		return cross_run(e, context, x, &(const struct cross){ __VA_ARGS__ }); \
	}
