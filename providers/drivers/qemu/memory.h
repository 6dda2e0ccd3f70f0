/* providers/drivers/qemu/memory.h - what a machine holds in its memory, by QEMU's migration (providers/driver.h). */
#pragma once
#include "providers/driver.h"

extern const struct driver_memory qemu_memory;
