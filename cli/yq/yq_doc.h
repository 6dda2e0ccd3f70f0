/*
 * cli/yq/yq_doc.h - documents through a yq expression: text in, text out. Calls into the
 * lazily loaded half.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct error;
struct yq;

enum yq_format { YQ_YAML, YQ_JSON };

struct yq_style {
	enum yq_format in, out;
	int indent;		/* of JSON; 0: compact */
	bool color, unwrap, no_doc;
	bool null_input;
	bool pretty;		/* block style throughout; comments go */
};

/* env(X) and strenv(X), outside of strings, as literals; in `out`. */
int yq_env(struct buf *out, const char *expr, struct error *err);
/*
 * Every document of `text` through `q` (compiled of `expr`), results appended to `out`.
 * Comments and layout survive where the result is the changed document. `last` gets the
 * JSON of the last result.
 */
int yq_documents(struct yq *q, const char *expr, const struct yq_style *style, const char *name, const char *text,
		 size_t len, struct buf *out, struct buf *last, struct error *err);
