/*
 * cli/view/json_value.h - JSON text as data for template expressions.
 *
 * Go's templates see fields by their Go names: {{.Config.SSH.LocalPort}} for
 * config.ssh.localPort. So names are compared without regard to case.
 */
#pragma once
#include "base/gotmpl.h"
#include "base/jsonspan.h"

struct buf;
struct error;

struct gotmpl_value json_value(struct arena *a, struct json_span v);
/* Any value as JSON again. */
void json_value_print(struct buf *out, struct arena *a, const struct gotmpl_value *v);

/* Functions that Lima adds to those of Go: {{indent 4 .Message}}, {{missing "none" .Arch}}. */
int template_indent(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err);
int template_missing(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err);
