/* resources/generation_keep.h - the steps of keeping a generation (generation.h), for the way back. */
#pragma once
#include <stdbool.h>

struct disk_known;
struct env;
struct error;
struct generation;

/* The generation of this run: the one that it has made already and that has no disk yet, or a new one of the present text. */
int generation_open(const struct env *env, const char *dir, struct generation *out, struct error *err);
int generation_note(const char *dir, const struct generation *g, struct error *err);
/* May the disk be moved, or is it a link? */
bool generation_can_move(const struct disk_known *k);
/* The instance's disk becomes that of a generation; what went with the instance's goes with it. */
int generation_move(const char *dir, int number, const struct disk_known *k, struct error *err);
/* The disk is kept in itself; doing it twice is doing it once. */
int generation_snapshot(const char *dir, struct generation *g, const struct disk_known *k, const volatile int *cancel, struct error *err);
