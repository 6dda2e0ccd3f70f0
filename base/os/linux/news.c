#include "base/os/news.h"

#include <sys/inotify.h>
#include <unistd.h>

#include "base/auto.h"

enum { ROOM = 16 << 10 };

int
os_news_open(struct os_news *n, bool waits)
{
	*n = (struct os_news){ .fd = inotify_init1(IN_CLOEXEC | (waits ? 0 : IN_NONBLOCK)), .waits = waits };
	return n->fd < 0 ? -1 : 0;
}

int
os_news_add(struct os_news *n, const char *folder, unsigned what, const char *const *files)
{
	static const struct {
		unsigned what, mask;
	} meanings[] = {
		{ NEWS_CREATED, IN_CREATE }, { NEWS_MOVED_TO, IN_MOVED_TO }, { NEWS_MOVED_FROM, IN_MOVED_FROM }, { NEWS_DELETED, IN_DELETE },
		{ NEWS_WRITTEN, IN_MODIFY }, { NEWS_CLOSED, IN_CLOSE_WRITE }, { NEWS_GONE, IN_DELETE_SELF | IN_MOVE_SELF },
		{ NEWS_FOLDER_ONLY, IN_ONLYDIR },
	};
	unsigned mask = 0;

	(void)files;
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
		mask |= what & meanings[i].what ? meanings[i].mask : 0;
	return inotify_add_watch(n->fd, folder, mask);
}

void
os_news_remove(struct os_news *n, int folder)
{
	inotify_rm_watch(n->fd, folder);
}

int
os_news_take(struct os_news *n, void (*each)(void *ctx, const struct os_event *e), void *ctx)
{
	_Alignas(struct inotify_event) char room[ROOM];
	ssize_t len = read(n->fd, room, sizeof room);

	if (len <= 0)
		return -1;
	for (const char *p = room; p < room + len;) {
		const struct inotify_event *e = (const void *)p;

		each(ctx, &(struct os_event){ .folder = e->wd, .name = e->len ? e->name : "", .is_folder = e->mask & IN_ISDIR,
					      .written = e->mask & IN_MODIFY, .lost = e->mask & IN_Q_OVERFLOW,
					      .gone = e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED) });
		p += sizeof *e + e->len;
	}
	return 0;
}

void
os_news_release(struct os_news *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}
