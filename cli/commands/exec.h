/* cli/commands/exec.h - a command in several guests. */
#pragma once
#include "cli/cli.h"
#include "cli/ssh/many.h"

struct error;

/* Runs the words in each, once all of them are known to be there. The exit status, as many_run() has it, or -1. */
int exec_in_all(struct cli *c, const char *const *names, size_t n, char *const *words, size_t nwords, const struct many_opts *o,
		struct error *err);
