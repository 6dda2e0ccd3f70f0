/*
 * resources/base.h - the base that disks of several instances stand on: $LIMA_HOME/_bases/KEY/base.
 *
 * It is an image, unpacked and in a format that a machine can read, once for all that are made from it. Each disk has its own name
 * for it in the folder of its instance, `basedisk`, a hard link: so no instance loses what it stands on, whatever becomes of the
 * folder _bases, and the bytes go with the last of them. Nobody writes to it, and no guest can.
 */
#pragma once
#include <stdbool.h>

struct env;
struct spec;

/* Is the disk of that instance made from a base? `diskMode` says so, or it is a member of a fleet whose disk is not there without one yet. */
bool base_is_used(const struct env *env, const struct spec *spec);
char *base_path(const struct env *env, const char *name, const char *file);	/* to free */
