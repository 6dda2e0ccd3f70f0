/* resources/instance_copy.h - the folder of an instance out of that of another: clone, rename. */
#pragma once

struct error;

/* A parameter of a run that takes a copy back which failed: the disk goes when the folder does, and not before. */
#define DISK_GOES_WITH_FOLDER "goes as a whole"

/*
 * Copies a stopped instance's folder to `to` (which must not exist), sharing data
 * where the file system can; without what belongs to that instance alone: protection,
 * locks, sockets, logs, and what is made out of its name.
 */
int dir_copy(const char *from, const char *to, struct error *err);
/* Takes those things out of a folder that is to be moved; its protection and its TPM go along. */
int dir_adopt(const char *dir, struct error *err);
