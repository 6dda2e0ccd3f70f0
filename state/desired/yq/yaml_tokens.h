/*
 * state/desired/yq/yaml_tokens.h - YAML as tokens, with the comments between them; for yaml_tokens.c and yaml_read.c only.
 *
 * libyaml makes the tokens and drops the comments; these are found again in the text between, and given to tokens by the
 * rules of the library that yq reads with (go-yaml): a comment belongs before, behind or after what it stands near.
 */
#pragma once
#include <yaml.h>

#include "state/desired/yq/eval.h"

struct ytoken {
	yaml_token_type_t type;
	uint32_t start, end, line, col;	/* bytes; lines from 0, columns in characters */
	const char *text, *handle;	/* of a scalar, anchor, alias, tag */
	size_t len;
	uint8_t style;
};

struct ycomment {
	long at;		/* of the token that it is given to */
	long scan, begin, end;	/* where the search for it began, where it stands */
	uint32_t line, col;
	const char *head, *note, *foot;	/* one of them */
};

struct ytokens {
	struct ytoken *v;
	size_t n, cap;
	struct ycomment *comments;
	size_t ncomments, comments_cap;
};

/* Fails where the text is no YAML. */
void ytokens_scan(struct eval *e, struct ytokens *out, const char *text, size_t len);
