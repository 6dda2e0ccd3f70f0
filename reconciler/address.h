/*
 * reconciler/address.h - what a resource is called on a command line: TYPE.NAME, `disk.web`.
 *
 * A name is unique in its type, and no type has a dot in its name, so an address needs no instance and no quotes of its own.
 */
#pragma once

struct arena;
struct error;
struct graph;
struct resource;

/* In the arena. */
const char *address_of(struct arena *a, const struct resource *r);
/* The one of that address; NULL with ENOENT, and what may have been meant, or ERR_INVALID: it is no address. */
struct resource *address_find(const struct graph *g, const char *address, struct error *err);
/* Names what it is about before an error, unless it begins with that name already: an image is named by its path. -1 */
int error_of(const struct resource *r, struct error *err);
