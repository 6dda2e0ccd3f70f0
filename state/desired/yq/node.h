/*
 * state/desired/yq/node.h - the tree that expressions of yq work on; for the files of this folder only.
 *
 * It has what yq's own tree has: kind, style, tag, value, anchor, comments, and the way up (parent and key), so that
 * an operator that changes a node changes the document. Everything lives in the evaluation's arena and dies with it.
 * Facts of behaviour are those of mikefarah/yq v4.49.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eval;

enum ynode_kind { Y_NONE, Y_SEQ, Y_MAP, Y_SCALAR, Y_ALIAS };

/* bits, for a tagged node has another style, too */
enum ynode_style { Y_TAGGED = 1, Y_DOUBLE = 2, Y_SINGLE = 4, Y_LITERAL = 8, Y_FOLDED = 16, Y_FLOW = 32 };

struct ynode {
	uint8_t kind, style;
	bool is_key;		/* of a map */
	bool together;		/* one of all documents, which are evaluated at once */
	const char *tag;	/* "!!str"; "" when it is not known */
	const char *value;	/* of a scalar; the name of an alias */
	size_t len;
	const char *anchor;	/* "": none */
	struct ynode *alias;	/* what an alias stands for */
	struct ynode **kid;	/* items, or keys and values in turn */
	size_t n, cap;
	const char *head, *note, *foot;	/* comments: before, behind, after; "": none */
	const char *lead;	/* comments and separators before the whole document */
	struct ynode *parent, *key;
	const char *file;
	uint32_t doc, file_index;	/* of the document; those below it ask it */
	uint32_t line, col;
};

/* How an assignment treats what is there. */
struct assign_how {
	bool keep_anchor, only_null, clobber_tags;
};

struct ynode *ynode_new(struct eval *e, enum ynode_kind kind, const char *tag, const char *value);
struct ynode *ynode_text(struct eval *e, const char *s, size_t len);	/* !!str */
struct ynode *ynode_int(struct eval *e, long long i);
struct ynode *ynode_copy(struct eval *e, const struct ynode *n);	/* deep, its place included */
struct ynode *ynode_copy_bare(struct eval *e, const struct ynode *n);	/* without what is in it */
/* These copy what they add, and give it its place. */
struct ynode *ynode_add(struct eval *e, struct ynode *seq, const struct ynode *item);
struct ynode *ynode_add_pair(struct eval *e, struct ynode *map, const struct ynode *key, const struct ynode *value);
void ynode_add_all(struct eval *e, struct ynode *to, struct ynode *const *kid, size_t n);
/* without a copy */
void ynode_put(struct eval *e, struct ynode *to, struct ynode *kid);
/* A copy of `by` at the place of `n`. */
struct ynode *ynode_replace(struct eval *e, struct ynode *n, const struct ynode *by);
struct ynode *ynode_replace_new(struct eval *e, struct ynode *n, enum ynode_kind kind, const char *tag, const char *value);
struct ynode *ynode_replace_text(struct eval *e, struct ynode *n, const char *s, size_t len);
struct ynode *ynode_replace_seq(struct eval *e, struct ynode *n, uint8_t style);	/* with the comments of `n` */
struct ynode *ynode_bool(struct eval *e, struct ynode *owner, bool value);
void ynode_update(struct eval *e, struct ynode *n, struct ynode *from, struct assign_how how);
void ynode_update_marks(struct eval *e, struct ynode *n, const struct ynode *from, struct assign_how how);

const struct ynode *ynode_root(const struct ynode *n);
bool ynode_truthy(const struct ynode *n);
bool ynode_is_null(const struct ynode *n);
bool ynode_has_tag(const struct ynode *n, const char *tag);
bool ynode_says(const struct ynode *n, const char *value);
bool ynode_reads_as(const struct ynode *x, const struct ynode *y);	/* the same letters, whatever they mean */
/* its tag, or what its value would be if its tag is a custom one */
const char *ynode_meaning(struct eval *e, const struct ynode *n);
bool ynode_equal(struct eval *e, const struct ynode *x, const struct ynode *y);
/* where `item` is among the kids, of which each `step`-th counts; -1 */
long ynode_find(struct eval *e, const struct ynode *in, const struct ynode *item, size_t step);
/* the path of a node: a list of words and numbers */
struct ynode *ynode_path(struct eval *e, const struct ynode *n);
const char *ynode_nice_path(struct eval *e, const struct ynode *n);

/* --- what scalars mean (tag.c) */
/* the tag that `s` has when it stands unquoted */
const char *tag_resolve(const char *s, size_t len);
/* integers as yq calculates with them; *format is what they are printed by: 'd', 'x' or 'o'. false: none */
bool number_int(const char *s, long long *out, char *format);
bool number_float(const char *s, double *out);
const char *number_float_text(struct eval *e, double d);
const char *number_int_text(struct eval *e, long long i, char format);
