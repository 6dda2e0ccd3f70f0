/* base/words.h - a line cut into words as a POSIX shell would, without expansions. */
#pragma once
#include <stddef.h>

struct arena;
struct error;

/*
 * Blanks separate; '...' and "..." keep them, a backslash takes the next character as it is
 * (within "..." only before \ " $ ` and a line break). NULL-terminated, in `a`. EINVAL: a quote is not closed.
 */
int words_split(struct arena *a, const char *line, const char ***words, size_t *n, struct error *err);
