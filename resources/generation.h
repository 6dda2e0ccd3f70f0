/*
 * resources/generation.h - how an instance was before a change: its lima.yaml, and its disk where that was at risk.
 *
 *	INSTANCE/generations/N/
 *		lima.yaml	the text that was there
 *		note		run, time, and where its disk is
 *		disk, disk.format, basedisk	its disk, if it has a file of its own
 *
 * Nothing is copied that a cheaper way keeps: a disk that would be thrown away is moved here; of one that is changed in place there
 * is a copy where the file system shares blocks, else a snapshot in the qcow2; a change of the text alone needs neither. A generation
 * without a disk of its own goes with that of a later one (`in`), or with the one that the instance has.
 *
 * Each number is given once. All that is written here is durable before what it keeps is touched.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk_known;
struct env;
struct error;
struct resource;

#define GENERATIONS "generations"
#define GENERATION_TAG ".generation-"		/* begins the tags of its snapshots, which are nobody else's */
#define GENERATION_BACK GENERATIONS "/back"	/* the way back has begun: where to, and what keeps the present state */
#define GENERATION_WANT "generation"		/* of the disk's attributes: what is wanted is that one */
#define GENERATION_PRESENT "the present one"

struct generation {
	int number, in;		/* 0: with the disk that the instance has */
	int64_t run;		/* the run of the journal before which it was; 0: not known */
	int64_t when_s;
	bool has_disk, snapshot;
	uint64_t bytes;		/* of its files; of a snapshot nobody knows */
};

struct generations {
	struct generation *v;	/* by number */
	size_t n, cap;
};

void generations_release(struct generations *g);
/* Of the instance in `dir`; none is no error. */
int generations_read(struct generations *g, const char *dir, struct error *err);
const struct generation *generations_find(const struct generations *g, int number);
char *generation_path(const char *dir, int number, const char *file);	/* `file` or NULL; to free */
const char *generation_tag(char out[32], int number);			/* of its snapshot */

/* Where the disk of a generation is: in the file of `file` (NULL: the instance's), in the snapshot of `snapshot` (NULL: as it is). */
struct generation_disk {
	const struct generation *file, *snapshot;
};
struct generation_disk generation_disk(const struct generations *g, const struct generation *of);

/* What a kill has left half written among them; 1: there is, or was, something. With `takes` it goes. */
int generations_half(const char *dir, bool takes, struct error *err);

/* Before the lima.yaml of the instance becomes another one. */
int generation_keep_text(const struct env *env, const char *dir, struct error *err);
/* In the place of throwing the disk away; one that is a link to somewhere else is not ours to move, and goes. */
int generation_keep_moved(const struct env *env, const struct resource *r, const char *dir, struct error *err);
/* Before the disk is changed in place, also under a machine that runs. One that neither its file system nor its format can keep is told. */
int generation_keep_copy(const struct env *env, const struct resource *r, const char *dir, const struct disk_known *k, struct error *err);
/* Notes that the disk is to become that of a generation, before the text becomes the one that it belongs to. */
int generation_begin_back(const struct env *env, const char *dir, const char *want, struct error *err);
/* The disk becomes that of a generation, whatever was begun before; the present one is kept as a generation. 0: the way back was not begun, and is not wanted. */
int generation_go_back(const struct env *env, const struct resource *r, const char *dir, const char *want, struct error *err);
bool generation_back_begun(const char *dir);
int generation_back_give_up(const char *dir, struct error *err);	/* whoever wants a new disk wants no old one */
