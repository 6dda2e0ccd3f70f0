/*
 * cli/args/edit_again.h - a change of a lima.yaml that is made in what somebody else has made of it meanwhile.
 *
 * A command reads the text before it has the locks, so an edit may come between; the run then ends with ERR_EDITED before it touches
 * anything, and the command begins again with the new text.
 */
#pragma once

struct cli;
struct error;

/* Calls `once` until it ends otherwise; what it gives back. */
int edit_again(struct cli *c, int (*once)(struct cli *c, void *ctx, struct error *err), void *ctx, struct error *err);
