/*
 * cli/view/texts.h - which text a plan is of: the file that was given, or the copy that the instance keeps; where they differ, and
 * how one is brought to the other.
 */
#pragma once

struct buf;
struct cJSON;
struct cli;
struct engine;

/* A line for each instance that was named. */
void texts_text(struct cli *c, const struct engine *e, struct buf *out);
/* "texts": a list of the same. */
void texts_json(struct cli *c, const struct engine *e, struct cJSON *root);
/* After an edit of a file: which instances were made from it, and how they are brought to it; nothing where none was. */
void texts_say_made(struct cli *c, const char *path);
/* What follows behind an edit of the instance's copy: where the file that made it is, if that says otherwise now. */
void texts_say_edited(struct cli *c, const char *name);
