/*
 * reconciler/aim.h - --target and --replace: what a command says of single resources, before the plan is made.
 */
#pragma once

struct engine;
struct error;

/* Marks the resources of engine->aims in the graph, whose needs are edges. What cannot be is an error of the run, not of an instance. */
int aims_take(struct engine *e, struct error *err);
