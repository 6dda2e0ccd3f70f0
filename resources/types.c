#include "resources/types.h"

#include <stddef.h>

#define TYPE(name) extern const struct resource_type resource_##name;
#include "types.inc"
#undef TYPE
#define TYPE(name) &resource_##name,
const struct resource_type *const resource_types[] = {
#include "types.inc"
	NULL,
};
