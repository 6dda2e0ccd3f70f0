/*
 * state/desired/yq/yq.h - expressions of yq (mikefarah's, version 4) on YAML and JSON.
 *
 * Every evaluation is bounded: 3 s of the processor, 64 MiB of memory (and as much again as the input takes as a tree),
 * a depth of expressions and of what they make. What reads files or runs programs is refused; what reads the
 * environment is, too, unless it is allowed. Not for several threads at once by one `struct yq`.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;
struct error;

enum yq_format { YQ_YAML, YQ_JSON, YQ_PROPS, YQ_CSV, YQ_TSV, YQ_XML, YQ_BASE64, YQ_URI, YQ_SHELL, YQ_SH };
/* by yq's names and their short forms; -1: there is no such format */
int yq_format_of(const char *name);

enum yq_flags {
	YQ_MAY_ENV = 1,		/* env(X), strenv(X) and envsubst are carried out */
	YQ_STRICT = 2,		/* what sets nothing because there is no such place is an error, not silence */
};

struct yq;
/* NULL: a bad expression; the message says in which column. */
struct yq *yq_open(const char *expr, enum yq_flags flags, struct error *err);
void yq_close(struct yq *q);

/* Appends the words of the language, each on a line with what it does and an example. */
void yq_list_words(struct buf *out);

/* Calls `each` with every result on a JSON document, as JSON (compact). Its -1 ends the evaluation. */
int yq_run(struct yq *q, const char *json, int (*each)(void *ctx, const char *result, struct error *err), void *ctx,
	   struct error *err);
int yq_eval(const char *json, const char *expr, int (*each)(void *ctx, const char *result, struct error *err), void *ctx,
	    struct error *err);

/* The same on a tree; the results are trees without a source, in `a`. */
struct node;
int yq_on_node(struct yq *q, struct arena *a, const struct node *in, struct node ***out, size_t *n, struct error *err);

struct yq_style {
	enum yq_format in, out;
	int indent;		/* 0: JSON on one line */
	bool unwrap, no_doc;	/* texts without quotes; no `---` between documents */
	bool lead;		/* what stands before a document is kept */
	bool nul;		/* a NUL behind each result, in the place of its line's end; one that has a NUL itself is an error */
	struct yq *names;	/* on each result, what it is to be called; NULL: nobody asks. $index counts results */
};
struct yq_input {
	const char *name, *text;
	size_t len;
};
/* A result by itself, where names were asked for: from where the last one ended. */
struct yq_part {
	char *name;		/* owned */
	size_t end;		/* in `out` */
};
struct yq_result {
	struct buf *out;
	struct yq_part *parts;
	size_t nparts;
	bool any;		/* a result that is neither null nor false */
	size_t documents;
	bool begun;
	unsigned last_doc, last_file;
};
void yq_parts_release(struct yq_result *r);
/*
 * Every document of an input through the expression; results appended as yq prints them. `file` counts the inputs. An
 * input without a document gives nothing.
 */
int yq_documents(struct yq *q, const struct yq_style *style, const struct yq_input *in, unsigned file, struct yq_result *r,
		 struct error *err);
/* All documents of all inputs at once. */
int yq_together(struct yq *q, const struct yq_style *style, const struct yq_input *in, size_t n, struct yq_result *r,
		struct error *err);
/* The expression on nothing. */
int yq_on_nothing(struct yq *q, const struct yq_style *style, struct yq_result *r, struct error *err);
