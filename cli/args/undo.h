/* cli/args/undo.h - --undo: instances as they were before a run, by their generations (resources/generation.h). */
#pragma once
#include <stdint.h>
#include "cli/run.h"

struct error;

extern const struct flag undo_flags[];		/* --undo */
extern const struct flag rollback_flags[];	/* --rollback-on-failure */

/* The words are a run, instances, or both: what there was before that run, or before the last one that left a generation. */
int undo_args(struct cli *c, struct goals *g, struct error *err);
/* Those of `requests` of which that run has kept something. None is no error. */
int undo_run(struct cli *c, struct goals *g, const struct request *requests, size_t n, int64_t run, struct error *err);
