/* cli/plan/hazards.h - what machines that a plan starts cannot all have: ports, data disks, hardware addresses, memory. */
#pragma once

struct cli;
struct engine;
struct error;

/* Before a step is taken, and by `plan`. 0, or -1: what two of them claim, or a data disk that another one's machine holds. */
int hazards_check(struct cli *c, const struct engine *e, struct error *err);
