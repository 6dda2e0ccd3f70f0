/*
 * reconciler/foresee.h - what is known of the steps of a plan before the first is taken: what each would lose, and whether this host
 * has what it takes.
 */
#pragma once

struct engine;
struct error;

/* Weighs what goes, and asks the types of what is to be made; -1: something cannot be, and `wrong` of it says why. */
int foresee(struct engine *e, struct error *err);
