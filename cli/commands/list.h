/* cli/commands/list.h - the formats of `limactl list` other than its table. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "cli/view/instance.h"

struct error;
struct yq;

/*
 * Does the instance pass all --filter expressions? 1, 0, or -1. `*filter` begins as NULL;
 * the caller closes it (yq_close) if it is not that at the end.
 */
int list_filter(struct look *l, struct yq **filter, struct instance *i, struct error *err);
/* json, yaml or a Go template, with --yq applied. To stdout. */
int list_print(struct look *l, struct instance *v, size_t n, const char *format, struct error *err);
/* What a yq expression makes of JSON, to stdout: texts bare, the rest as JSON, by lines with `indent`, compact with 0. */
int yq_print(const char *json, const char *expr, int indent, struct error *err);
/* Is stdout a terminal, or to be taken for one ($_LIMA_OUTPUT_IS_TTY)? Colours and layout of data depend on it. */
bool stdout_is_terminal(void);
