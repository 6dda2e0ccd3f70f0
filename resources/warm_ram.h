/*
 * resources/warm_ram.h - memory of a saved machine in a file that others map, each with its own writes (warm.h).
 *
 * The first of a kind has its memory in a file of /dev/shm, which loses its name once it was saved; what is saved is a copy, ram-DIGEST beside the
 * `memory` that it belongs to, which has the digest. A page of it is read when a guest asks for it, and shared by all until one writes there. It is
 * not read whole before each use, only looked at: whether it is the file that was read whole last (`seen`). Where a driver cannot, or
 * /dev/shm has no room, memory has all that there is.
 */
#pragma once
#include <stdbool.h>

struct arena;
struct env;
struct error;
struct memory_head;
struct resource;

#define WARM_RAM "/ram"	/* as the second of a head's disks, with its digest for a stamp */

/* The file for one that is to be saved; in `a`. NULL: there is none. */
const char *warm_ram_make(const struct resource *r, const char *dir, struct arena *a);
/* Is the machine of that folder in one? */
bool warm_ram_is_there(const char *dir);
/* Without its name it lasts as long as the machine. */
void warm_ram_forget(const char *dir);
/* What is in it while the machine stands still, into `to`, a folder that is to be $LIMA_HOME/_machines/KEY. `*digest` in `a`. */
int warm_ram_save(const struct env *env, const char *dir, const char *to, struct arena *a, const char **digest, struct error *err);
/* The file that belongs to what the folder is to be given, and is whole; in `a`. `*path` NULL: it has none. ERR_INVALID. */
int warm_ram_saved(const struct env *env, const char *dir, const char *key, struct arena *a, const char **path, struct error *err);
bool warm_ram_is_apart(const struct memory_head *h);
