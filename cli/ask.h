/* cli/ask.h - questions to whoever sits at the terminal. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "cli/cli.h"

struct error;

/* Yes or no; an empty answer, or none, is `yes`. Never asked when stdin is no terminal: then the answer is no. */
bool ask_yes(const struct cli *c, const char *question, bool yes);
/* One of several, by number; 0 is the first. -1 with err: no answer. */
int ask_choice(const struct cli *c, const char *question, const char *const *choices, size_t n, struct error *err);
