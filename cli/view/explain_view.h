/* cli/view/explain_view.h - one resource on stdout: `limactl explain`. */
#pragma once
#include "cli/run.h"

struct error;

/* That of r->explains in the plan of `e`, in text, or with --json. 0, or -1: there is none of that address. */
int explain_view_print(struct cli *c, const struct run *r, struct engine *e, struct error *err);
