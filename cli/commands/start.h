/* cli/commands/start.h - the parts of a struct cli that main() puts together. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include "cli/cli.h"

struct buf;
struct error;

/* Log level, format and colour out of the global flags. */
int cli_log_options(struct cli *c, struct error *err);
/* The format alone, by looking at the words, for what goes wrong before all flags are read. */
void cli_log_guess(struct cli *c, char *const *words);
/* Fills c->env: folders, version, cancel. Touches nothing but the names of folders. */
int cli_env(struct cli *c, struct error *err);

/* PREFIXes of this installation: of the program as it was called and as it is; NULL-terminated, in c->arena. */
const char *const *cli_prefixes(struct cli *c);

struct flag_values;
/* All flags that may stand with a command; NULL: with none. */
void command_flags(struct flag_values *out, const struct command *c);
/*
 * The command that the words name, which are taken out of words[0..*n); NULL: none. `*at` is
 * then where its name should be (*n: nowhere).
 */
const struct command *command_in(char **words, int *n, int *at);

void help_command(const struct cli *c, const struct command *cmd);	/* to stdout */
void help_root(struct cli *c, FILE *to);
/* "limactl disk create DISK [flags]" */
void help_usage(struct buf *out, const struct command *cmd);
