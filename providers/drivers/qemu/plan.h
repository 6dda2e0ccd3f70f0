/* providers/drivers/qemu/plan.h - driver.plan of QEMU (providers/driver.h). */
#pragma once

struct arena;
struct error;
struct launch;
struct machine;

/* As struct driver has it: looks at the host, makes nothing. */
int qemu_check_host(const struct machine *machine, struct error *err);
/* driver.launched_format */
const char *qemu_launched_format(const char *dir, const char *tail, struct arena *a);
int qemu_plan(const struct machine *m, struct launch *l, struct arena *a, struct error *err);
