/*
 * reconciler/look_groups.h - which resources one process looks at in one go.
 */
#pragma once
#include <stddef.h>

struct engine;
struct resource;

/*
 * Orders the graph: what is host-wide in front, then by instance, as the requests are. v[first[0]] to v[first[1]] is
 * host-wide, v[first[i + 1]] to v[first[i + 2]] that of e->requests[i]. `first` is zeroed, and has room for nrequests + 2. Numbers
 * the resources, in `mark`, by their place in the graph.
 */
void look_groups_fill(struct engine *e, struct resource **v, size_t *first);
/*
 * How many processes are worth it: one for a thousand files, or for fifty questions to other processes. More than there
 * are processors only where most of the time is spent in waiting for somebody.
 */
size_t look_groups_workers(const struct resource *const *v, size_t n);
