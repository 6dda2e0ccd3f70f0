/*
 * reconciler/declare.h - engine.c's first two steps: what should be there, and what is.
 */
#pragma once

struct engine;
struct error;

/* Adds what the asks and things say to the graph. What is wrong with an ask is kept in ask->wrong, and all are tried; -1 with the first. */
int declare_all(struct engine *e, struct error *err);
/*
 * Looks at each resource, after those that it needs. What cannot be looked at is not known to be absent: it is
 * `wrong`, and so is what needs it. All are tried; -1 with the first.
 */
int look_at_all(struct engine *e, struct error *err);
