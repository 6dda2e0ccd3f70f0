/* cli/view/refused.h - `plan --json` where nothing could be planned: the same object, empty, with what was wrong in place of a bare text. */
#pragma once

struct cli;
struct error;

/* On standard output: "status" is that which the command ends with, "diagnostics" are what `err` says, each with its place where it has one. */
void refused_print(struct cli *c, const struct error *err);
