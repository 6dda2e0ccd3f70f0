/* cli/args/complete.h - the words that say what a flag or an argument may be (struct flag, struct command: `complete`). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Is it a candidate itself, or one of the @words that complete.c knows? */
bool completion_is_known(const char *kind, size_t len);
