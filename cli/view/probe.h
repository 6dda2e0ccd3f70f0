/*
 * cli/view/probe.h - does the folder of an instance answer at all?
 *
 * A stat of what is on a drive that hangs never ends, so it is made by other processes (reconciler/lookers.h) before
 * this one looks. Where no drive can hang nobody asks, and all of them answer.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct cli;

/* Of several at once, for a command that looks at all of them: each has its time, and they have it side by side. */
void probe_all(struct cli *c, const char *const *names, size_t n);
/* Asked once in a run. */
bool probe_answers(struct cli *c, const char *name);
/* For what is told of one that does not. In c->arena. */
const char *probe_silence(struct cli *c);
