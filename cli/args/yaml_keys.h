/* cli/args/yaml_keys.h - the keys below a top-level key of a YAML text, without what they mean. */
#pragma once
#include <stddef.h>

struct arena;
struct error;

/* Of the mapping `top`; NULL-terminated, in `a`; none if it is not there or no mapping. */
int yaml_keys(struct arena *a, const char *text, size_t len, const char *top, const char *const **out, struct error *err);
