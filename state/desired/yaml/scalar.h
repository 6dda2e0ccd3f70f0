/*
 * state/desired/yaml/scalar.h - what a YAML scalar means where a boolean, a number or a text is wanted.
 *
 * The rules are those of the YAML library that upstream reads its files with
 * (goccy/go-yaml): YAML 1.2 with underscores, and with a leading zero for octal.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "state/desired/yaml/yaml.h"

struct arena;

enum scalar_kind { SCALAR_NULL, SCALAR_BOOL, SCALAR_INT, SCALAR_UINT, SCALAR_FLOAT, SCALAR_TEXT };

struct scalar {
	enum scalar_kind kind;
	bool b;
	int64_t i;
	uint64_t u;		/* SCALAR_UINT: above INT64_MAX */
	double d;
};

struct scalar scalar_of(const struct node *n);

/* Each false: not one. An integer takes quoted digits, and cuts fractions off. */
bool scalar_bool(const struct node *n, bool *out);
bool scalar_int(const struct node *n, int64_t *out);
/*
 * As text: numbers and booleans by value ("0x10" is "16", "2.50" is "2.5"). NULL:
 * it holds a NUL byte, or is no scalar.
 */
const char *scalar_text(struct arena *a, const struct node *n);
/* Would `text`, unquoted, be read as this very text? */
bool scalar_is_plain(const char *text, size_t len);
