/*
 * reconciler/reason.h - why a step is taken, as data; and the one place that puts it into words.
 */
#pragma once

struct arena;
struct attr;
struct cJSON;
struct resource;

struct reason {
	enum reason_kind {
		REASON_MISSING,
		REASON_UNFINISHED,	/* a step on it began and did not end */
		REASON_UNWANTED,
		REASON_UNUSED,		/* the last that used it is gone, or goes */
		REASON_ASKED,		/* restart, factory-reset */
		REASON_DIFFERS,		/* in `attr`: the dearest of the differences */
		REASON_FOLLOWS,		/* for the sake of `cause`, which it needs */
	} kind;
	const struct attr *attr;
	const struct resource *cause;
	enum reason_how { CAUSE_CHANGES, CAUSE_GONE, CAUSE_REMADE, CAUSE_GOES } how;	/* what becomes of the cause */
};

/* "size: 100GiB -> 120GiB", "vm is remade"; of `r` as it is now, so before its step. Lives in the arena, or for ever. */
const char *reason_text(struct arena *a, const struct resource *r, const struct reason *why);
/* {"kind": "follows", "cause": {"type": "vm", "name": "a"}, "how": "remade"}; to be freed with what it is added to. */
struct cJSON *reason_json(const struct reason *why);
/* A value as people read it; NULL is "unset". */
const char *attr_text(struct arena *a, const struct attr *at, const char *value);
