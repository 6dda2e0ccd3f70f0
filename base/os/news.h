/*
 * base/os/news.h - what happens in folders, as it happens.
 *
 * Linux: inotify(7). macOS: a kqueue(2) with EVFILT_VNODE on each folder. There no name is told, only that names came or went; that a file grows
 * is told of those files alone that were asked for; and each thing that is watched takes a descriptor.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct error;

enum {
	NEWS_CREATED = 1 << 0,		/* a name came */
	NEWS_MOVED_TO = 1 << 1,
	NEWS_MOVED_FROM = 1 << 2,	/* and went */
	NEWS_DELETED = 1 << 3,
	NEWS_WRITTEN = 1 << 4,		/* into a file of the folder */
	NEWS_CLOSED = 1 << 5,		/* one that was written to */
	NEWS_GONE = 1 << 6,		/* the folder itself, or its name */
	NEWS_FOLDER_ONLY = 1 << 7,	/* of the path: anything else is refused */
};

struct os_news {
	int fd;			/* -1: not open. Can be read from when there is news */
	bool waits;
	struct os_watched *v;	/* macOS: what is held open */
	size_t n, cap;
};
#define OS_NEWS_NONE { .fd = -1 }

struct os_event {
	int folder;		/* the number of it */
	const char *name;	/* in the folder; NULL: not told, so any */
	bool is_folder;		/* what has that name; true also where that is not told */
	bool gone;		/* the folder is watched no more */
	bool written;		/* into a file */
	bool lost;		/* there was more than there is room for: anything may have happened, anywhere */
};

/* `waits`: os_news_take() waits for some. -1 with errno. */
int os_news_open(struct os_news *n, bool waits);
/* A number, the same for what is watched already; -1 with errno. A file may be watched for NEWS_WRITTEN by itself. `files`: NULL, or names of files for NEWS_WRITTEN, a NULL behind them; on Linux all are told of. They last as long as the news. */
int os_news_add(struct os_news *n, const char *folder, unsigned what, const char *const *files);
void os_news_remove(struct os_news *n, int folder);
/* Tells what there is; -1 with errno, EINTR and EAGAIN too. */
int os_news_take(struct os_news *n, void (*each)(void *ctx, const struct os_event *e), void *ctx);
/* Takes what there is: is any of it about that name, or may it be? */
bool os_news_take_of(struct os_news *n, const char *name);
void os_news_release(struct os_news *n);
