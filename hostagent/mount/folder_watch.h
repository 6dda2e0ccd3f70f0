/*
 * hostagent/mount/folder_watch.h - what changes in a folder that the guest may write, told to the guest (`mountInotify: true`).
 *
 * The host's changes raise no event in the guest by themselves: its agent is told the path
 * and the time, and sets the file's times to that, which does. Deletions are not told: the
 * protocol has no word for them.
 */
#pragma once

struct agent;
struct changes;

/* Watches the tree under `location`, which the guest has at `point`. Strings are copied. NULL: it cannot be, and that is told. */
struct changes *changes_watch(struct agent *a, const char *location, const char *point);
/* Is the folder still what it was? To be asked now and then: one that comes back, or another of its name, is watched anew. */
void changes_look(struct changes *c);		/* NULL is fine */
void changes_forget(struct changes *c);		/* NULL is fine */
