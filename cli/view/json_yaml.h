/* cli/view/json_yaml.h - JSON text as YAML, in the same order of keys. */
#pragma once
#include "base/jsonspan.h"

struct buf;

/* A document without its `---`; ends with a line break. */
void json_yaml(struct buf *out, struct json_span v);
/* YAML text in the colours of a terminal. */
void yaml_color(struct buf *out, const char *text);
