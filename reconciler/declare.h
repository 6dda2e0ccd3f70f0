/*
 * reconciler/declare.h - engine.c's first step: what should be there.
 */
#pragma once

struct ask;
struct engine;
struct error;
struct graph;

/* Adds what the asks and things say to the graph. What is wrong with an ask is kept in ask->wrong, and all are tried; -1 with the first. */
int declare_all(struct engine *e, struct error *err);
/* One of them, read from its folder if nobody gave it; nothing is kept of what is wrong with it but `err`. */
int declare_ask(struct engine *e, struct ask *a, struct error *err);
/* What that instance would need if it ran, by its lima.yaml as it is now, into a graph of its own. */
int declare_needs(struct engine *e, const char *name, struct graph *g, struct error *err);
