/* cli/plan/offline.h - what a plan would download, where nothing may be: --offline. */
#pragma once

struct cli;
struct engine;
struct error;

/* Before a step is taken, and by `plan`. 0: nothing is, or it may be; -1: each file that is not here has been told. */
int offline_check(struct cli *c, const struct engine *e, struct error *err);
