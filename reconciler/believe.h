/*
 * reconciler/believe.h - what the database says of an instance is believed only while what runs is what it was said of.
 *
 * A database of another time (from a backup, of a copy of the home) may say "stopped", or "to be deleted", of an instance that was
 * started since. So the recorded goal of a machine that is not the recorded one (resource_type.known_by) counts for nothing.
 */
#pragma once
#include <stdbool.h>

struct engine;
struct resource;

/* Does `r` run, and not as the one that is recorded? One on which a step was begun is the recorded one, whatever it is. */
bool runs_unknown(const struct resource *r);
/* Gives those that were to be kept as they were last asked to be the goal of what runs. Were there any? Then they are to be planned anew. */
bool goals_of_what_runs(struct engine *e);
