/*
 * providers/kept_back.h - what no guest gets by a folder that it is in: the home of all instances, with their keys and disks.
 *
 * Whoever mounts a folder in it, or itself, has named it, and gets that. What a link in the home or in its _config leads to is kept back,
 * too: a key or an instance that somebody keeps elsewhere is none the less.
 */
#pragma once
#include <stddef.h>

struct kept_back {
	const char **v;		/* absolute, links resolved: base/view.h */
	size_t n, cap;
};

/* What is there now. */
void kept_back_list(const char *home, struct kept_back *out);
void kept_back_release(struct kept_back *k);
