/* state/desired/yq/yaml_nodes.h - a reader's state; for yaml_read.c and yaml_nodes.c only. */
#pragma once
#include <string.h>

#include "state/desired/yq/yaml_tokens.h"

struct anchor {
	const char *name;
	struct ynode *node;
	struct anchor *next;
	bool open;		/* what it names has not ended */
};

struct reader {
	struct eval *e;
	struct ytokens t;
	size_t at, next_comment;
	const char *head, *note, *foot, *stem;	/* comments that the next node takes */
	struct anchor *anchors;
	const char *handles[16][2];
	size_t nhandles;
};

/* The next token; comments up to it are ready. */
const struct ytoken *token_peek(struct reader *r);
void token_skip(struct reader *r);
void read_fail(struct reader *r, const struct ytoken *t, const char *what) __attribute__((noreturn));
/* nothing, where the token is or behind it */
struct ynode *node_empty(struct reader *r, const struct ytoken *at, bool behind);
struct ynode *read_node(struct reader *r, bool block, bool indentless);
struct ynode *node_at(struct reader *r, enum ynode_kind kind, const char *tag, const struct ytoken *t);
void kid_add(struct reader *r, struct ynode *seq, struct ynode *kid);
void key_add(struct reader *r, struct ynode *map, struct ynode *key);
void pair_add(struct reader *r, struct ynode *map, struct ynode *key, struct ynode *value);
void read_flow_list(struct reader *r, struct ynode *n);
void read_flow_map(struct reader *r, struct ynode *n);
static inline bool
is_one_of(const struct ytoken *t, yaml_token_type_t a, yaml_token_type_t b, yaml_token_type_t c)
{
	return t->type == a || t->type == b || t->type == c;
}
