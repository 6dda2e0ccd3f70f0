/*
 * reconciler/aim.h - what a command says of single resources: --target and --replace before the plan is made, `fetch` behind it.
 */
#pragma once

struct engine;
struct error;

/* Marks the resources of engine->aims in the graph, whose needs are edges. What cannot be is an error of the run, not of an instance. */
int aims_take(struct engine *e, struct error *err);
/* The plan that was made becomes that of its downloads alone: engine->only_downloads. */
int aims_narrow_to_downloads(struct engine *e, struct error *err);
