/*
 * state/desired/yaml/yaml.h - YAML text as a tree that remembers where everything stood.
 *
 * libyaml scans; this keeps what it drops: the byte range of every node, so that
 * text can be edited by copying what did not change (emit.h), and messages can
 * say file:line:col. Aliases are copied and merge keys (<<) resolved while
 * reading, so what comes out is a plain tree.
 *
 * Input is hostile: at most YAML_MAX_TEXT bytes, YAML_MAX_NODES values (copies
 * made by aliases count) and YAML_MAX_DEPTH levels.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct error;

enum { YAML_MAX_TEXT = 4 << 20, YAML_MAX_NODES = 100000, YAML_MAX_DEPTH = 100 };

/* Where a line of a composed text came from. */
struct origin {
	const char *file;
	uint32_t line;
	int32_t shift;		/* columns added on the way */
};

struct source {
	const char *name;	/* as in messages */
	const char *text;
	size_t len;
	bool anchors;		/* has any: then what is copied may depend on other parts */
	const struct origin *origin;	/* of each line, or NULL: the text is what was written */
	size_t norigin;
};

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_LIST, NODE_MAP };
enum node_style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_LITERAL, STYLE_FOLDED, STYLE_BLOCK, STYLE_FLOW };
enum node_flags {
	NODE_TEXT = 1,		/* tagged !!str: a string whatever it looks like */
	NODE_CHANGED = 2,	/* it, or something in it, is no longer what the source says */
	NODE_ANCHOR = 4,	/* carries an anchor */
	NODE_ALIAS = 8,		/* stood there as an alias */
	NODE_MADE = 16,		/* has no source text */
};

struct pair;

struct node {
	uint8_t kind, style, flags, height;
	uint32_t line, col;		/* from 1 */
	const struct source *src;
	uint32_t start, end;		/* bytes of the value itself in src->text */
	uint32_t lead, stop;		/* layout.c: bytes of the entry that it heads, comments before it included */
	uint32_t entry;			/* layout.c: where it begins, with its key or dash */
	uint32_t tail;			/* layout.c: comments behind a block, up to `stop`; until then the end of a mapping's last `<<` or `?` */
	uint32_t note;			/* layout.c: the comment behind the entry; 0: none */
	union {
		struct { const char *text; size_t len; };
		struct { struct node **item; size_t n, cap; };
		struct { struct pair *pair; size_t npair, pcap; };
	};
};

struct pair {
	struct node *key, *value;
};

/*
 * Reads the first document of src->text; `*more` (or NULL) tells that others
 * follow. An empty document is a NODE_NULL. The tree lives in `a` and points
 * into nothing else but `src`.
 */
int yaml_read(struct node **out, struct arena *a, struct source *src, bool *more, struct error *err);

/* The value of a key; NULL when there is none (or `map` is no map). */
struct node *node_get(const struct node *map, const char *key);
bool node_key_is(const struct pair *p, const char *key);

struct node *node_text(struct arena *a, const char *text);	/* a string */
struct node *node_plain(struct arena *a, const char *text);	/* what `text` means unquoted */
struct node *node_list(struct arena *a);
struct node *node_map(struct arena *a);
struct node *node_copy(struct arena *a, const struct node *n);	/* deep, but for the texts */
/* As yaml_read() of `src` would have it, whose text is that of n's source; nothing in it points into the arena of `n`. */
struct node *node_copy_to(struct arena *a, const struct node *n, struct source *src);
/* It stands elsewhere than in its source, so there is no text to copy for it. */
void node_disown(struct node *n);
/* appends a pair, without a look at the keys there or a mark */
void node_put(struct arena *a, struct node *map, struct node *key, struct node *value);
/* These mark the container itself as changed, not those around it. */
void node_push(struct arena *a, struct node *list, size_t at, struct node *item);
void node_drop(struct node *list, size_t at);
void node_set(struct arena *a, struct node *map, const char *key, struct node *value);
bool node_unset(struct node *map, const char *key);

/* The value as JSON, compact. */
void node_json(const struct node *n, struct buf *out);

/* Where a person wrote it; for nodes that were made, the file's beginning. */
struct text_place {
	const char *file;
	uint32_t line, col;
};
struct text_place node_place(const struct node *n);
struct text_place source_place(const struct source *s, uint32_t line, uint32_t col);
/* the same as "file:line:col" */
void node_where(const struct node *n, struct buf *out);
void source_where(const struct source *s, uint32_t line, uint32_t col, struct buf *out);
