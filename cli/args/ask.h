/* cli/args/ask.h - questions to whoever sits at the terminal. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "cli/cli.h"

struct error;

/*
 * Is the instance to be started now? What --start says, or else whoever sits there; nobody does when stdin is no terminal:
 * then no. 1, 0, or -1 with err: Ctrl-C.
 */
int ask_start(const struct cli *c, struct error *err);
/* One of several, by number; 0 is the first. -1 with err: no answer. */
int ask_choice(const struct cli *c, const char *question, const char *const *choices, size_t n, struct error *err);
