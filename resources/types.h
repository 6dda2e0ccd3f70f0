/* resources/types.h - all resource types; the build collects them from the files of this folder. */
#pragma once

struct resource_type;

extern const struct resource_type *const resource_types[]; /* ends at NULL */
