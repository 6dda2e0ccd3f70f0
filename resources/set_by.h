/*
 * resources/set_by.h - set-by.json: who set each key of an instance last.
 *
 * It lies in the instance's folder, beside the lima.yaml of which it tells, so that it is known when the database is lost, goes along
 * with a rename, and is copied by a clone. Keys of which it has no word are as they were when the instance was made.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct error;
struct facts;
struct spec;

#define SET_BY_FILE "set-by.json"
#define SET_BY_HOW "set by"		/* how: who sets what changes in this run: one of these words, and behind the last two a blank and the path */
#define SET_BY_EDIT "edit"
#define SET_BY_FILE_WORD "file"
#define SET_BY_FLEET "fleet"
#define SET_BY_HAND "hand"		/* nobody says: the lima.yaml was another one, as a text editor or a client such as Colima leaves it */
#define SET_BY_DEFAULT "default"	/* nobody says, and lima.yaml has no word of it: default.yaml, override.yaml or our version do */

struct set_by {
	const char *key, *by, *at;
	const char *value;		/* as it is shown */
};

/* What is known, with strings in `a`; *n is 0 where nothing is, or what lies there cannot be understood. */
void set_by_read(const char *dir, struct arena *a, struct set_by **v, size_t *n);
/* Who set that key to that value; NULL: nobody is known, or it has been something else since. */
const struct set_by *set_by_find(const struct set_by *v, size_t n, const char *key, const char *value);
/* Who sets that key in a run of `by` (NULL: nobody says). */
const char *set_by_now(const char *by, const struct spec *spec, const char *key);
/* Before the configuration of `spec` takes the place of what the folder says was applied last: what differs is noted as set by `by` (NULL: by hand). */
int set_by_write(const char *dir, const struct spec *spec, const char *by, struct error *err);
/* Sets "set by", in a line. */
void set_by_observe(const char *dir, struct facts *have, struct arena *a);
/* "edit", "fleet /w/fleet.yaml", ...: for a message; in `a`. */
const char *set_by_words(const char *by, struct arena *a);
