/*
 * cli/view/texts.h - which text a plan is of: the file that was given, or the copy that the instance keeps; where they differ, and
 * how one is brought to the other.
 */
#pragma once
#include <stdbool.h>

struct request;
struct buf;
struct cJSON;
struct cli;
struct engine;

enum texts_of {
	TEXTS_NONE,
	TEXTS_NAMED, /* of each instance that was named: which text its plan is of, and where the other one says otherwise */
	TEXTS_ALL,   /* of all there are: those alone whose file says otherwise */
};

/* A line each. A file that does not answer within two seconds is told as that; the others are compared. */
void texts_text(struct cli *c, const struct engine *e, enum texts_of which, struct buf *out);
/* "texts": a list of the same. */
void texts_json(struct cli *c, const struct engine *e, enum texts_of which, struct cJSON *root);

/* Appends what there is to say of one that was named. It looks at files, and so in a process of its own (texts_told.c). */
void texts_tell(struct cli *c, const struct request *a, bool json, struct buf *out);
/* The same of the copy of any, if its file says otherwise, or cannot be read. */
void texts_tell_differing(struct cli *c, const char *name, bool json, struct buf *out);
/* The same in the log, before the instance is started as its copy says. */
void texts_say_differing(struct cli *c, const char *name);
/* After an edit of a file: which instances were made from it, and how they are brought to it; nothing where none was. */
void texts_say_made(struct cli *c, const char *path);
/* What follows behind an edit of the instance's copy: where the file that made it is, if that says otherwise now. */
void texts_say_edited(struct cli *c, const char *name);
