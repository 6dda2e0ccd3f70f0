/*
 * resources/engine_note.h - what the engine of a fleet left in the folder of an instance that it runs here: who wanted it so, last.
 *
 * It is written in the step that makes or changes the folder, under the instance's lock, and only over the generation before it: so of two
 * that apply at once, one is refused. An attribute of the type `dir`, wanted by `limactl engine-apply` alone.
 */
#pragma once
#include "reconciler/resource.h"

struct arena;
struct error;

#define ENGINE_NOTE_FILE "engine"
#define ENGINE_NOTE_ATTR "engine"

struct engine_note {
	long long generation;		/* 0: there is no note */
	const char *key, *digest, *fleet, *by;	/* words; "" */
};

/* "GENERATION KEY DIGEST FLEET BY"; strings in `a`. False: it is no such line. */
bool engine_note_parse(const char *line, struct arena *a, struct engine_note *out);
/* Of the instance's folder; 0 also where there is none. */
int engine_note_read(const char *dir, struct arena *a, struct engine_note *out, struct error *err);

/* For the table of the type. */
enum cost engine_note_judge(const char *have, const char *want);
#define ENGINE_NOTE_ATTRS \
	{ .name = ENGINE_NOTE_ATTR, .judge = engine_note_judge, .once = true, .show = SHOW_NEVER, \
	  .refusal = "somebody else has applied this fleet meanwhile" }
/* Fills it in, if it is wanted; writes it, if it is. */
int engine_note_observe(const struct resource *r, const char *dir, struct facts *have, struct arena *a, struct error *err);
int engine_note_write(const struct resource *r, const char *dir, struct error *err);
