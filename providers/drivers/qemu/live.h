/* providers/drivers/qemu/live.h - what QEMU changes of a machine that runs, by its control socket (providers/driver.h: driver_live). */
#pragma once
#include "providers/driver.h"

extern const struct driver_live qemu_live;
