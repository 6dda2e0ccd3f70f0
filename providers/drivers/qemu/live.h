/* providers/drivers/qemu/live.h - what QEMU changes of a machine that runs, by its control socket (providers/driver.h: driver_live). */
#pragma once
#include <stdint.h>
#include "providers/driver.h"

extern const struct driver_live qemu_live;

struct arena;
/* live_disks.c */
int qemu_attach_disk(const char *dir, const char *name, const struct image_disk *disk, struct error *err);
int qemu_detach_disk(const char *dir, const char *name, struct error *err);
const char *qemu_holds_disk(const char *dir, const char *name);
/* live_memory.c */
int qemu_memory_most(const char *dir, uint64_t *bytes, struct error *err);
int qemu_set_memory(const char *dir, uint64_t bytes, const volatile int *cancel, struct error *err);
/* live_cpus.c */
int qemu_cpus_most(const char *dir, int *most, struct error *err);
int qemu_set_cpus(const char *dir, int wanted, struct error *err);
/* The same of a processor. */
bool qemu_has_live_cpus(const char *dir);
/* Has that machine any disk that was attached while it runs? Its memory is not that of the machine that its words make. */
bool qemu_has_live_disks(const char *dir);
