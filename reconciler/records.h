/*
 * reconciler/records.h - between the graph and the database: what was declared and
 * seen last time comes in, what is now goes out.
 */
#pragma once
#include "reconciler/engine.h"

struct buf;

/*
 * Adds to the graph what the database knows of the asked instances and of host-wide
 * things: facts seen and edges stood on for all, and for instances that were not
 * declared from a spec (request.declared is false) the declaration of last time too.
 */
int records_load(struct engine *e, struct error *err);
/* Writes one resource as it is now: declaration, facts, edges. Inside a transaction. */
int records_store(struct state *s, const struct resource *r, struct error *err);
/* What of `want` is recorded: all but what only this run wants. */
void records_pack_want(const struct resource *r, struct buf *out);
/* Does the database say otherwise of what was seen of `r`? */
bool records_dirty(const struct resource *r);
