/* resources/warm_save.h - the saved machine itself: $LIMA_HOME/_machines/KEY with `memory` (providers/memory_file.h) and `disk` (warm.h). */
#pragma once

struct arena;
struct driver;
struct env;
struct error;
struct launch;
struct memory_head;
struct resource;
struct warm_note;

/* Saves the machine of that folder, whose guest waits, under the key of `n`, unless there is one or somebody does it just now. It stands still then. */
int warm_save(const struct env *env, const struct resource *r, const struct driver *d, const char *dir, const struct warm_note *n, struct error *err);
/* Was it a machine of the same parts? ERR_INVALID says which one not. */
int warm_fits(const struct memory_head *h, const struct launch *l, struct arena *a, struct error *err);
