/*
 * resources/made_from.h - made-from.json: the file of the user's that an instance was made from.
 *
 * It lies in the instance's folder, so that it is known when the database is lost. The digest is that of the
 * lima.yaml which the file makes by itself: whether the file, or the copy in the folder, was changed since is told by it.
 */
#pragma once
#include "reconciler/resource.h"

#define MADE_FROM_FILE "made-from.json"
#define MADE_FROM_NONE "none" /* what is wanted as `file` of an instance that is made from a template or a URL */

struct made_from {
	const char *file;   /* absolute */
	const char *digest; /* SHA-256 in hex */
	const char *stamp;  /* fs_stamp() of the file, if that alone made it: while it has this one, it need not be read; or NULL */
};

/* 1: it is known, with strings in `a`; 0: it is not, or what lies there cannot be understood. */
int made_from_read(const char *dir, struct arena *a, struct made_from *out);
/* Sets "file", "file text" and "file stamp". */
void made_from_observe(const char *dir, struct facts *have, struct arena *a);
/* As is wanted of the resource, with the stamp that is a parameter of its run; no word about it is none. */
int made_from_write(const char *dir, const struct resource *r, struct error *err);
