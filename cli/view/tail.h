/* cli/view/tail.h - the lines of a file that grows, is cut, or is replaced by another of its name. */
#pragma once
#include <sys/types.h>
#include "base/buf.h"

struct tail {
	char *path;
	int fd;			/* -1: not there yet */
	ino_t inode;
	off_t at;
	struct buf rest;	/* a line that has no end yet */
};

/* From the file's beginning, or with `skip` from its present end. It need not exist. */
void tail_open(struct tail *t, const char *path, int skip);
void tail_release(struct tail *t);
/* Calls `line` for each whole line (without its break) that came since. */
void tail_read(struct tail *t, void (*line)(void *ctx, const char *text), void *ctx);
