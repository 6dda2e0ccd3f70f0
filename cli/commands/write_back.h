/* cli/commands/write_back.h - `edit --write-back`: what an instance's lima.yaml says, into the file that made it. */
#pragma once

struct cli;
struct error;

/* The exit status, or -1. The file is read, changed and written as `edit FILE` does; the instance is not touched but for its record of that. */
int write_back(struct cli *c, const char *name, struct error *err);
