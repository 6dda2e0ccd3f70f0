/* cli/view/instance_value.h - an instance as data for Go templates. */
#pragma once
#include "base/gotmpl.h"
#include "cli/view/instance.h"

/* Lives as long as `i`. */
struct gotmpl_value instance_value(struct look *l, struct instance *i);
extern const struct gotmpl_func instance_funcs[];
