/*
 * hostagent/helper/shared.h - the folders of a program that serves some to the guest: opened by us, and seen as the guest is to see them.
 *
 * By descriptors, since another guest may own what is above one, and have a link there a moment later; and without what is kept back
 * from guests (providers/kept_back.h), where this host can do that.
 */
#pragma once
#include <stddef.h>

#include "base/view.h"
#include "providers/kept_back.h"

struct child_words;
struct error;
struct launch;
struct launch_companion;

struct shared {
	int *v;
	size_t n;
	struct kept_back kept;
	struct view view;
	char *own[2];		/* folders of the home that a machine has no use for by any name */
	const char *covered[3];
};

/* Into `w`, whose folders are `s`'s: it stays until the child has been started. -1 */
int shared_of_machine(const struct launch *l, struct shared *s, struct child_words *w, struct error *err);
int shared_of_companion(const struct launch *l, const struct launch_companion *c, struct shared *s, struct child_words *w, struct error *err);
void shared_release(struct shared *s);
