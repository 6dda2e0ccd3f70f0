/*
 * cli/spec_opts.h - how lima.yaml files are loaded by the commands: from where templates and plugins come, what is fetched for
 * them, and how what is wrong with them is told: once, though they are read again and again.
 */
#pragma once

#include "state/desired/spec/spec.h"

struct cli;

/* How specs are loaded for this run: home, version, template folders, warnings to the log. */
struct spec_opts cli_spec_opts(struct cli *c);
/* The same for a text that somebody just wrote: strict, if the command is and --lenient is not given. */
struct spec_opts cli_strict_opts(struct cli *c);
