/*
 * cli/ssh/many_out.h - what guests say, on its way to whoever reads us: he may be slow, or never read.
 *
 * Words are kept here until he takes them, and no write waits for him, so that time bounds whoever waits. Who sees that it
 * is full listens to the guests no more until it is not.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"

struct many_out {
	FILE *to;	 /* as it is, and for what cannot be written */
	int fd;		 /* an opening of its own, which does not wait, where there can be one */
	bool own, tty;	 /* is `fd` such a one; a terminal is told nothing that it would obey */
	size_t at_once;	 /* what a write may have without waiting, once poll() says so */
	struct buf rest; /* not taken yet */
};

void many_out_open(struct many_out *o, FILE *to);
void many_out_release(struct many_out *o);
void many_out_line(struct many_out *o, const char *s, size_t n);
/* Writes what is taken now. */
void many_out_write(struct many_out *o);
bool many_out_is_full(const struct many_out *o);
