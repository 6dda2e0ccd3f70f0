/* cli/view/json_pretty.h - JSON for people: an item a line, on a terminal in colours. */
#pragma once
#include <stdbool.h>

struct buf;

/* `text` is JSON, trusted to be well-formed; `indent` blanks a level. No line break behind the end. */
void json_pretty(struct buf *out, const char *text, int indent, bool color);
