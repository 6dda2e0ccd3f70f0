/* cli/view/outcome.h - the closing line of a walk. */
#pragma once
#include <stddef.h>
#include "reconciler/env.h"

struct cli;
struct plan;
struct plan_counts;

/* Machines that are stopped only: such a walk has removed nothing; what stood on the machine goes with it. 0: it did more. */
size_t outcome_stops(const struct plan *p);
/* `n` and `stopped` as they were before the walk. */
void outcome_done(struct cli *c, enum level level, const struct plan_counts *n, size_t stopped, double seconds);
/* In the middle: what there is now, beside the error that is told next. */
void outcome_broken_off(struct cli *c, enum level level, const struct plan *p, double seconds);
/* Of several instances: which are not as wanted, why, and what waits for them. How many there are. */
size_t outcome_instances(struct cli *c, const struct plan *p);
