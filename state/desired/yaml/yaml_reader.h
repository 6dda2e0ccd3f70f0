/* state/desired/yaml/yaml_reader.h - what the parts of the reader of YAML share; for yaml*.c only. */
#pragma once
#include <yaml.h>

#include "state/desired/yaml/yaml.h"

struct anchor {
	const char *name;
	struct node *node;
};

struct reader {
	yaml_parser_t yaml;
	struct arena *a;
	struct source *src;
	struct error *err;
	size_t nodes;
	struct anchor *anchors;
	size_t nanchors, cap;
	bool ascii;
	size_t chars, bytes;	/* a place, counted both ways; moved by offset() */
};

/* Sets the error, at a place of libyaml's (from 0); -1. */
int reader_fail(struct reader *r, size_t line, size_t col, const char *what);
/* the same for what libyaml complains of */
int reader_fail_syntax(struct reader *r);
/* libyaml's place, in bytes */
uint32_t reader_offset(struct reader *r, size_t chars);
/* What a mapping needs when all its pairs are there: keys are unique, `<<` is resolved. */
int reader_end_map(struct reader *r, struct node *map);

/* --- yaml_copy.c */
/* Text behind a block that ends with the file, with blanks or with blank lines would change the block. */
bool yaml_depends_on_place(const struct node *n);
/* A copy of what an alias stands for; `*count` grows by its nodes, and what is beyond YAML_MAX_NODES is left out. */
struct node *yaml_copy(struct arena *a, const struct node *n, size_t *count);
