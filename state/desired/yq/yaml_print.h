/* state/desired/yq/yaml_print.h - the printer of YAML: its pen; for yaml_print*.c only. */
#pragma once
#include "state/desired/yq/eval.h"

/*
 * The rules are those of the library that yq prints with (go-yaml): where a comment goes, when a scalar is quoted, how
 * deep a block stands.
 */
struct pen {
	struct text *out;
	struct eval *e;
	int best, indent, column, foot_indent, flow;
	bool whitespace, indention;
	bool simple_key;	/* the next node is one */
	const char *head, *note, *foot, *tail, *key_note;	/* comments to be written; "": none */
};

void pen_put(struct pen *p, char c);
void pen_break(struct pen *p);
void pen_char(struct pen *p, const char *s, size_t width);
void pen_indent(struct pen *p);
void pen_sign(struct pen *p, const char *sign, bool need_blank, bool is_blank, bool is_indention);
void pen_head(struct pen *p);
void pen_note(struct pen *p, bool or_break);
void pen_foot(struct pen *p);
void pen_anchor(struct pen *p, char sign, const char *name);
void pen_tag(struct pen *p, const char *tag);
static inline bool
pen_has_comment(const struct pen *p)
{
	return *p->note || *p->foot || *p->tail;
}

/* what a scalar may be written as */
struct scalar_look {
	bool multiline, flow_plain, block_plain, single, block;
};
void scalar_look(struct scalar_look *out, const char *s, size_t len);
void scalar_write(struct pen *p, const struct ynode *n, uint8_t style);
/* one of the style bits, 0: plain */
uint8_t scalar_style(const struct pen *p, const struct ynode *n, const struct scalar_look *look);
