/* providers/drivers/qemu/plan.h - driver.plan of QEMU (providers/driver.h). */
#pragma once

struct arena;
struct error;
struct launch;
struct machine;

int qemu_plan(const struct machine *m, struct launch *l, struct arena *a, struct error *err);
