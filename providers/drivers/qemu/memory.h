/* providers/drivers/qemu/memory.h - what a machine holds in its memory, by QEMU's migration (providers/driver.h). */
#pragma once
#include "providers/driver.h"

extern const struct driver_memory qemu_memory;

/* What to do about that which QEMU names as the reason why it cannot save memory, to be put behind it; "" if nobody knows. */
const char *qemu_memory_remedy(const char *why);
