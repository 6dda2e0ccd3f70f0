/*
 * state/desired/yaml/emit.h - a YAML tree back to text.
 *
 * What did not change since it was read is copied as it stands, with its comments,
 * quotes and blank lines; only the changed parts are written anew. So an edit of
 * one value edits one line.
 */
#pragma once
#include <stddef.h>

#include "state/desired/yaml/yaml.h"

struct buf;

struct origins {
	struct origin *v;	/* one for each line of the text */
	size_t n, cap;
};
void origins_release(struct origins *o);

/* Finds the comments that belong to each entry. To be called once after reading, before any change. */
void yaml_layout(struct node *root);
/* Appends the text; the head comment is that of the root's source. `origins` (or NULL) gets the lines' origins. */
void yaml_emit(struct buf *out, const struct node *root, struct origins *origins);
/*
 * The same, read again: what the text says is what the nodes say. Where copied text and new text do not go together (a
 * comment that would become text, an indentation that means something else), all is written anew; -1: not even
 * that reads back. `*again` (or NULL) gets what was read, in `a`, with a source whose text is the one that was written and whose name is
 * empty; NULL, where the text has more than that, or is too long to be read.
 */
int yaml_write(struct buf *out, struct arena *a, const struct node *root, struct origins *origins, struct node **again);
/* A scalar, quoted where it must be; on one line. */
void yaml_emit_word(struct buf *out, const char *text, size_t len);
/* May it stand as a literal block, below a `|`? */
bool yaml_fits_literal(const char *s, size_t len);
bool yaml_is_utf8(const char *s, size_t len);
