#include "base/os/news.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/event.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"

/* A folder, or a file in one. */
struct os_watched {
	int fd;			/* -1: a file that is not there yet */
	int folder;		/* the number of the folder */
	char *path;
	bool is_file;
};

enum { EVENTS = 32, ALL = NOTE_WRITE | NOTE_EXTEND | NOTE_DELETE | NOTE_RENAME | NOTE_REVOKE, GONE = NOTE_DELETE | NOTE_RENAME | NOTE_REVOKE };

int
os_news_open(struct os_news *n, bool waits)
{
	*n = (struct os_news){ .fd = kqueue(), .waits = waits };
	if (n->fd < 0 || fcntl(n->fd, F_SETFD, FD_CLOEXEC) == 0)
		return n->fd < 0 ? -1 : 0;
	os_news_release(n);
	return -1;
}

/* The descriptor, or -1. */
static int
watch_path(const struct os_news *n, const char *path, int flags)
{
	auto_close int fd = open(path, O_EVTONLY | O_CLOEXEC | flags);
	struct kevent e;

	EV_SET(&e, (uintptr_t)fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, ALL, 0, NULL);
	return fd < 0 || kevent(n->fd, &e, 1, NULL, 0, NULL) < 0 ? -1 : steal_fd(fd);
}

static void
news_hold(struct os_news *n, struct os_watched w)
{
	GROW(n->v, n->n, n->cap);
	n->v[n->n++] = w;
}

/* Is it still what is at that path? */
static bool
watched_is(const struct os_watched *w, const char *path)
{
	struct stat was, is;

	return !w->is_file && strcmp(w->path, path) == 0 && fstat(w->fd, &was) == 0 && stat(path, &is) == 0 && was.st_ino == is.st_ino &&
	       was.st_dev == is.st_dev;
}

/* Its number is the descriptor of the folder. */
int
os_news_add(struct os_news *n, const char *folder, unsigned what, const char *const *files)
{
	int fd;

	for (size_t i = 0; i < n->n; i++)
		if (watched_is(&n->v[i], folder))
			return n->v[i].folder;
	fd = watch_path(n, folder, what & NEWS_FOLDER_ONLY ? O_DIRECTORY : 0);
	if (fd < 0)
		return -1;
	news_hold(n, (struct os_watched){ .fd = fd, .folder = fd, .path = xstrdup(folder) });
	for (; files && *files && what & NEWS_WRITTEN; files++) {
		auto_free char *path = xasprintf("%s/%s", folder, *files);
		int file = watch_path(n, path, O_NOFOLLOW);

		news_hold(n, (struct os_watched){ .fd = file, .folder = fd, .path = steal(path), .is_file = true });
	}
	return fd;
}

/* What is closed is watched no more. */
void
os_news_remove(struct os_news *n, int folder)
{
	for (size_t i = 0; i < n->n;) {
		struct os_watched *w = &n->v[i];

		if (w->folder != folder) {
			i++;
			continue;
		}
		if (w->fd >= 0)
			close(w->fd);
		free(w->path);
		*w = n->v[--n->n];
	}
}

/* A file may have come with the names that did; and what is in it by now is news. */
static void
files_look_again(struct os_news *n, int folder)
{
	for (size_t i = 0; i < n->n; i++)
		if (n->v[i].folder == folder && n->v[i].is_file && n->v[i].fd < 0)
			n->v[i].fd = watch_path(n, n->v[i].path, O_NOFOLLOW);
}

static struct os_watched *
watched_find(struct os_news *n, int fd)
{
	for (size_t i = 0; i < n->n; i++)
		if (n->v[i].fd == fd)
			return &n->v[i];
	return NULL;
}

int
os_news_take(struct os_news *n, void (*each)(void *ctx, const struct os_event *e), void *ctx)
{
	static const struct timespec at_once;
	struct kevent events[EVENTS];
	int got = kevent(n->fd, NULL, 0, events, EVENTS, n->waits ? NULL : &at_once);

	if (got == 0)
		errno = EAGAIN;
	if (got <= 0)
		return -1;
	for (int i = 0; i < got; i++) {
		struct os_watched *w = watched_find(n, (int)events[i].ident);
		struct os_event e = { .is_folder = true };

		if (!w)
			continue;
		e.folder = w->folder;
		e.gone = !w->is_file && events[i].fflags & GONE;
		e.written = events[i].fflags & (NOTE_WRITE | NOTE_EXTEND);
		if (w->is_file && events[i].fflags & GONE) {
			close(w->fd);
			w->fd = -1;
		}
		files_look_again(n, e.folder);
		each(ctx, &e);
	}
	return 0;
}

void
os_news_release(struct os_news *n)
{
	for (size_t i = 0; i < n->n; i++) {
		if (n->v[i].fd >= 0)
			close(n->v[i].fd);
		free(n->v[i].path);
	}
	free(n->v);
	if (n->fd >= 0)
		close(n->fd);
	*n = (struct os_news){ .fd = -1 };
}
