/* cli/commands/start_for.h - an instance that another command needs running. */
#pragma once
#include "cli/cli.h"

struct error;

/* Brings it up (all that its lima.yaml asks for), without a word when it is done. 0, or -1. */
int start_for(struct cli *c, const char *name, struct error *err);
