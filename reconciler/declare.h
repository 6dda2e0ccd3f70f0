/*
 * reconciler/declare.h - engine.c's first step: what should be there.
 */
#pragma once

struct request;
struct engine;
struct error;
struct graph;

/* Adds what the requests say to the graph. What is wrong with one is kept in request->wrong, and all are tried; -1 with the first. */
int declare_all(struct engine *e, struct error *err);
/* One of them, read from its folder if nobody gave it; nothing is kept of what is wrong with it but `err`. */
int declare_request(struct engine *e, struct request *a, struct error *err);
/* What that instance would need if it ran, by its lima.yaml as it is now, into a graph of its own. */
int declare_needs(struct engine *e, const char *name, struct graph *g, struct error *err);
