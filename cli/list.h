/* cli/list.h - the formats of `limactl list` other than its table. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "cli/instance.h"

struct error;

/* Does the instance pass all --filter expressions? 1, 0, or -1. */
int list_filter(struct look *l, struct instance *i, struct error *err);
/* json, yaml or a Go template, with --yq applied. To stdout. */
int list_print(struct look *l, struct instance *v, size_t n, const char *format, struct error *err);
/* Is stdout a terminal, or to be taken for one ($_LIMA_OUTPUT_IS_TTY)? Colours and layout of data depend on it. */
bool stdout_is_terminal(void);
