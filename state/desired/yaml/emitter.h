/*
 * state/desired/yaml/emitter.h - the writer of a tree at work, shared by the parts of it.
 *
 *	emit.c        blocks: what of a mapping or a list is copied, and what is written anew
 *	emit_words.c  what stands in a line: scalars, keys, flows
 *	emit_lines.c  lines, and where each of them is from
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state/desired/yaml/emit.h"

struct emitter {
	struct buf *out;
	const struct source *main;
	bool expand;			/* anchors cannot be relied on: write aliases out */
	struct origins *origins;
	size_t literal;			/* column of the literal block that was just written: deeper comments would become its text */
};

/* --- emit_lines.c */
/* Notes that the output's new line is `line` of `src` (NULL: it was made up, near the last one). */
void emit_note_line(struct emitter *e, const struct source *src, uint32_t line, int32_t shift);
void emit_blanks(struct buf *out, size_t n);
void emit_end_line(struct emitter *e);
/* Copies source text, every line but one already begun moved by `shift` columns. `near`: a node to count lines from. */
void emit_copy_lines(struct emitter *e, const struct node *near, uint32_t from, uint32_t to, int shift);

/* --- emit_words.c */
bool emit_untouched(const struct emitter *e, const struct node *n);
/* Writes a scalar anew, in a block (at `col`) or in a flow (col < 0). */
void emit_scalar(struct emitter *e, const struct node *n, int col);
/* Tells whether a scalar's text may be copied from a block into a flow, or the other way round; there, `?` and `:` are more often marks. */
bool emit_copies_anywhere(const struct node *n);
/* Writes a key with its colon; YAML takes a very long one for a key only behind a `?`. col < 0: in a flow. */
void emit_key(struct emitter *e, const struct node *key, int col);
void emit_flow(struct emitter *e, const struct node *n);
/* A changed flow stays one if it is still readable. */
bool emit_stays_flow(const struct node *n, int depth);
