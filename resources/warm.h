/*
 * resources/warm.h - `warmStart`: an instance that begins in the middle of its boot, from a machine that was saved there.
 *
 * The first of a kind boots, waits where its guest knows nothing yet that is one guest's alone (base/park.h), is saved with its disk in
 * $LIMA_HOME/_machines/KEY, is told what it is to become, and goes on. A later one has its disk on that one, by a name of its own for the
 * file (`basedisk`), and a name of its own for the memory (WARM_MEMORY), so neither can go or become another under it; it is given the
 * memory, told what it is to become, and goes on. Nothing of that is needed: whatever is missing, wrong or does not fit, the guest boots.
 *
 * What is still to be done is in $I/warm, from when its disk was made until it has been told.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/park.h"

struct arena;
struct env;
struct error;
struct resource;
struct spec;

#define WARM_FILE PARK_NOTE
#define WARM_MEMORY "warm.memory"
#define WARM_SAVED "_machines"

/* Why it starts cold though `warmStart` asks for another thing, for people; NULL: it asks for nothing, or can have it. */
const char *warm_why_cold(const struct spec *spec);
/* Has its machine the port by which a guest waits? */
bool warm_parks(const struct spec *spec);

/* $LIMA_HOME/_machines/KEY[/file]; to free. */
char *warm_saved_path(const char *home, const char *key, const char *file);
/*
 * The key of the machine that the instance of that disk would begin from, by what its disk, kernel and lima.yaml are; in `a`. NULL: `warmStart`
 * asks for none, it can have none, or its image is not here yet.
 */
const char *warm_key(const struct env *env, const struct resource *disk, struct arena *a);
/* Is it there, and whole as far as can be seen without reading all of it? ENOENT: it is not there; ERR_INVALID. */
int warm_saved_look(const char *home, const char *key, struct error *err);

/* How long the last one took to be restored, in seconds, as text; in `a`. NULL: nobody knows. */
const char *warm_took(const char *home, const char *key, struct arena *a);

/* --- what `disk` does, when it makes one --- */

/* Nothing is left of one before. */
int warm_disk_forget(const char *dir, struct error *err);
/* Made on the disk of a saved machine: 1; 0: there is none, and it is to be made of its image. */
int warm_disk_make(const struct env *env, const struct resource *r, const char *disk, int64_t size, struct arena *a, struct error *err);
/* It is made, in the one way or the other: what its first start is to be is written down. */
int warm_disk_note(const struct env *env, const struct resource *r, const char *disk, bool saved, struct arena *a, struct error *err);

/* --- what `vm` does --- */

enum warm { WARM_NOT, WARM_TO_SAVE, WARM_TO_RESTORE, WARM_PARKED /* it has run: what is left is to be told what it is */ };

struct warm_note {
	enum warm what;
	const char *key, *machine, *disk;	/* digest of what lima.yaml says of the machine; stamp of the disk that was made */
};

int warm_read(const char *dir, struct arena *a, struct warm_note *out, struct error *err);
/* Is it still so that its disk is as it was made, and its lima.yaml asks for the same machine? Else WARM_NOT. */
int warm_next(const struct resource *r, const char *dir, struct arena *a, struct warm_note *out, struct error *err);
/* From here on the machine may have run. */
int warm_ran(const char *dir, struct error *err);
/* It could not be restored, and boots: what could not be taken is of no use to the next ones either. 0, -1. */
int warm_drop(const struct env *env, const char *dir, struct error *err);
