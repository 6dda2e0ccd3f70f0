/* cli/look/look.h - what `graph`, `trace` and `report` share: the run that is asked for, its secrets, and where the picture goes. */
#pragma once
#include "cli/cli.h"

struct buf;
struct state;
struct story;

/*
 * With the run of the first word (NULL: the newest): calls `show`. What is secret in it, by the configurations of the instances as they
 * are now, is in c->secrets by then, and in no text of the story.
 */
int look_at_run(struct cli *c, const char *word, int (*show)(struct cli *show_c, const struct story *s, struct error *show_err), struct error *err);
/* To the file of --output, whole or not at all, or to stdout. */
int look_write(struct cli *c, const struct buf *text, struct error *err);
/* The same to that file; said where it is. */
int look_write_file(struct cli *c, const char *path, const struct buf *text, struct error *err);
