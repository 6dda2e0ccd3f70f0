/* state/desired/yq/yaml_comments.h - the text between tokens; for yaml_tokens.c and yaml_comments.c only. */
#pragma once
#include "state/desired/yq/yaml_tokens.h"

enum { MAX_INDENTS = 1000 };

/* the scanner's place while it goes over what libyaml made nothing of */
struct place {
	uint32_t pos, line, col;
	uint32_t newlines;	/* since the last character that is neither a blank nor a break */
};

struct scan {
	struct eval *e;
	struct ytokens *out;
	const char *text;
	size_t len;
	struct place p;
	int indent, flow;
	int indents[MAX_INDENTS];
	size_t nindents;
};

char byte_at(const struct scan *s, size_t pos);
size_t char_width(const struct scan *s, size_t pos);
/* Blanks, breaks and comments, up to what comes next. */
void scan_gap(struct scan *s);
/* Where a block ends whose end is at `*block`: before the comments behind it that stand where those around it stand. */
long block_end_at(struct scan *s, long *block);
/* What go-yaml's scanner has read when it has made the token. */
void pass_token(struct scan *s, const struct ytoken *t, uint32_t end_line, uint32_t end_col, long note_at);
