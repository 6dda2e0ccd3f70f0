/* cli/commands/editor.h - the user's editor, on a text. */
#pragma once
#include <stddef.h>
#include "cli/cli.h"

struct error;

/*
 * Lets the user change `text`, shown below `head` (comment lines, which are taken off again).
 * The new text, to free; NULL: no editor, or it failed. What was typed is not lost when
 * the terminal goes away: the file's name is in the message then.
 */
char *editor_run(struct cli *c, const char *head, const char *text, size_t len, struct error *err);
