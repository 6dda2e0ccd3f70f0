/* cli/commands/stop.h - what `stop` and `suspend` have in common. */
#pragma once
#include <stdbool.h>

struct cli;
struct error;

/* Those that the arguments name, or default. The exit status, or -1. */
int stop_instances(struct cli *c, bool suspend, struct error *err);
