/*
 * reconciler/mates.h - steps of a type that are begun together (resource_type.many), in the thread of a worker.
 */
#pragma once
#include <stdbool.h>

struct env;
struct far_notes;
struct step;

/* Are both begun together? Both are of one type, and go the same way. */
bool mates_are(const struct step *a, const struct step *b);
/* All of a task (walk.h), from its first; what became of each is told to the walk. `env` is that of the run, but for what each step has of its own. */
void mates_run(const struct env *env, struct step *first, struct far_notes *far);
