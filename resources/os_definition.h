/* resources/os_definition.h - for whoever wants the scripts on a node of a cluster: host-wide, by the node's name; `how` has `user`. */
#pragma once

struct arena;
struct env;
struct error;

/* What its attribute `scripts` is to be; in `a`. */
int os_definition_wanted(const struct env *env, struct arena *a, const char **hex, struct error *err);
