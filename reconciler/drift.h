/*
 * reconciler/drift.h - what changed behind our back: what is there is another than what was left, and not what is wanted.
 *
 * What the user changed since, a text or a file of his, is no drift: that is in `want`, and this is in `have` against what was recorded.
 */
#pragma once
#include <stdbool.h>

struct attr;
struct graph;
struct resource;

enum drift_kind {
	DRIFT_NONE,
	DRIFT_GONE,		/* it was there, and is not */
	DRIFT_THERE,		/* it was not, and is */
	DRIFT_CHANGED,		/* some of its attributes are others */
};

/* An attribute that is another. Values NULL: unset. They live as long as the call. */
struct drift {
	const struct attr *at;
	const char *was, *is;
};
typedef void drift_say(void *ctx, const struct drift *d);

/* Nothing is told of what was never recorded, nor of what could not be looked at. */
enum drift_kind drift_of(const struct resource *r);
/* Each attribute of one that is DRIFT_CHANGED. */
void drift_each(const struct resource *r, drift_say *say, void *ctx);
/* Is it gone for no reason of its own, but with what it stood on? */
bool drift_follows(const struct resource *r);
