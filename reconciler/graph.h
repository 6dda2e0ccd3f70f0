/*
 * reconciler/graph.h - all resources of a run, by type and name.
 *
 * Filled by the types' declare() (resource.h) and from the records of earlier
 * runs; needs are kept by name until graph_resolve() turns them into edges.
 */
#pragma once
#include <stddef.h>
#include "base/mem.h"
#include "reconciler/resource.h"

struct error;

struct graph_need {		/* an edge that is still names */
	struct resource *from;
	const char *type, *name;
	enum need need;
	bool each;		/* `name` is an instance: all of the type that are its own */
	bool optional;		/* no edge, where nothing of that name is declared */
};

struct graph {
	struct arena arena;
	struct resource **v;
	size_t n, cap;
	struct resource **bucket;	/* open hash of (type, name), a power of two */
	size_t nbucket;
	struct graph_need *pending;
	size_t npending, pending_cap;
	bool narrowed;			/* only targets are decided, and what follows from that */
	struct resource **targets;	/* in the order in which they became it; one may be there twice */
	size_t ntargets, targets_cap;
};

void graph_release(struct graph *g);
struct resource *graph_find(const struct graph *g, const char *type, const char *name);
/* `from` needs `to`, as just declared. */
void graph_link(struct graph *g, struct resource *from, struct resource *to, enum need need);
/* `from` stood on `to` when it was made. */
void graph_link_made(struct graph *g, struct resource *from, struct resource *to, enum need need);
/* `from` was declared to need `to` when it was recorded, and is declared anew now. */
void graph_link_was(struct graph *g, struct resource *from, struct resource *to, enum need need);
/* It was made on what it needs now, and on nothing else. */
void graph_stand_on_needs(struct resource *r);
/* As graph_declare(), strings borrowed. */
struct resource *graph_add(struct graph *g, const struct resource_type *type,
			   const char *owner, const char *name, bool wanted);
/* As graph_declare() of one that is not wanted; `is_new`: was it not there yet? */
struct resource *graph_intern(struct graph *g, const struct resource_type *type, const char *owner, const char *name, bool *is_new);
/* Only `r` is to be brought to what is wanted, with all that it needs; may be said of several. Once needs are edges. */
void graph_target(struct graph *g, struct resource *r);
/* r->wrong, unless it is set already; the text is copied. */
void graph_wrong(struct graph *g, struct resource *r, const struct error *why);
/* Names to edges. A declared need that nobody declares is an error: `wrong` of each that has one, and the first in `err`. */
int graph_resolve(struct graph *g, struct error *err);
