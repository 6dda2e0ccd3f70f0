/*
 * hostagent/mount/change_queue.h - changed files of the host, on their way to the guest.
 *
 * A file is told of when it has been quiet for a moment, with its time as it is then: many writes are one piece of news,
 * and the time of what the guest itself has just written is the one that it has set last. What the guest does not take
 * waits, up to a number of files; no more than that is held, however much changes.
 */
#pragma once

struct agent;
struct news;

/* Of files below the folder that is open as *root, which the guest has at `point`; both are borrowed. */
struct news *news_new(struct agent *a, const int *root, const char *point);
/* "/a/b" below the root, "" for itself. A link is not told of, nor what is behind one: the guest could ask by it of any file. */
void news_add(struct news *w, const char *path);
void news_free(struct news *w);
