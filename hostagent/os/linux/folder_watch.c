#include "hostagent/mount/folder_watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/mount/change_queue.h"

enum {
	BUCKETS = 1024,
	MAX_WATCHES = 65536,
	EVENTS = IN_CREATE | IN_MODIFY | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR | IN_EXCL_UNLINK,
};

/* A watched folder. */
struct node {
	int wd;
	struct node *parent;		/* NULL: the root */
	struct node *next;		/* in its bucket */
	struct node *queued;		/* to be read after this one */
	bool fresh, doomed;	/* fresh: made while we watched, so its files are news */
	char name[];
};

struct changes {
	struct agent *agent;
	char *location, *point;
	int fd;
	uv_poll_t poll;
	uv_timer_t walk;
	int open;
	struct node *bucket[BUCKETS];
	struct node *first, **last;	/* to be read */
	struct node *root;		/* NULL: it is not there */
	int folder;			/* that is watched as the root; -1: none */
	struct news *news;
	size_t most;			/* folders, of all mounts together */
};

static struct node **
folder_watch_find(struct changes *c, int wd)
{
	struct node **p = &c->bucket[(unsigned)wd % BUCKETS];

	while (*p && (*p)->wd != wd)
		p = &(*p)->next;
	return p;
}

/* The path is below the root, with a slash before each name. */
static void
folder_watch_add_path(struct buf *b, const struct node *n)
{
	if (!n->parent)
		return;
	folder_watch_add_path(b, n->parent);
	buf_addf(b, "/%s", n->name);
}

static char *
folder_watch_path_of(const struct node *n, const char *name)
{
	AUTO(buf) b = BUF_INIT;

	folder_watch_add_path(&b, n);
	if (*name)
		buf_addf(&b, "/%s", name);
	return buf_detach(&b);
}

static void
folder_watch_tell(struct changes *c, const struct node *n, const char *name)
{
	auto_free char *path = folder_watch_path_of(n, name);

	news_add(c->news, path);
}

static void
drop_doomed(struct changes *c)
{
	for (struct node **q = &c->first; *q;) {
		if ((*q)->doomed)
			*q = (*q)->queued;
		else
			q = &(*q)->queued;
		if (!*q)
			c->last = q;
	}
	if (!c->first)
		c->last = &c->first;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct node **p = &c->bucket[i]; *p;) {
			struct node *n = *p;

			if (!n->doomed) {
				p = &n->next;
				continue;
			}
			*p = n->next;
			if (n == c->root)
				c->root = NULL;
			inotify_rm_watch(c->fd, n->wd);
			c->agent->folders_watched--;
			free(n);
		}
}

/* The folder, and all below it. */
static void
folder_watch_drop(struct changes *c, struct node *gone)
{
	gone->doomed = true;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct node *n = c->bucket[i]; n; n = n->next)
			for (const struct node *up = n; up && !n->doomed; up = up->parent)
				n->doomed = up == gone;
	drop_doomed(c);
}

static struct node *
folder_watch_child(struct changes *c, const struct node *parent, const char *name)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct node *n = c->bucket[i]; n; n = n->next)
			if (n->parent == parent && strcmp(n->name, name) == 0)
				return n;
	return NULL;
}

static void on_walk(uv_timer_t *t);

/* One that is there as a folder, and below the root; no link leads to it. -1. */
static int
open_node(const struct changes *c, const struct node *n)
{
	auto_free char *path = folder_watch_path_of(n, "");

	return guarded_below(c->folder, path + (*path == '/'), O_RDONLY | O_DIRECTORY);
}

/* The limit is a user's, and he has other programs: a guest that makes folders without end leaves them three quarters of it. */
static size_t
most_watches(void)
{
	AUTO(buf) b = BUF_INIT;
	unsigned long all = fs_read("/proc/sys/fs/inotify/max_user_watches", &b, 64, NULL) < 0 ? 0 : strtoul(b.s, NULL, 10);

	return all / 4 < MAX_WATCHES ? all / 4 : MAX_WATCHES;
}

static int
add_watch(struct changes *c, const struct node *n)
{
	auto_close int fd = open_node(c, n);
	char path[32];
	int wd;

	if (fd < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	errno = ENOSPC;
	wd = c->agent->folders_watched >= c->most ? -1 : inotify_add_watch(c->fd, path, EVENTS);
	if (wd < 0 && errno == ENOSPC)
		agent_trouble(c->agent, "mountInotify", "mountInotify: more folders than may be watched, a quarter of the sysctl "
			      "fs.inotify.max_user_watches: what changes in the others is not told to the guest");
	return wd;
}

static void
folder_watch_add(struct changes *c, struct node *parent, const char *name, bool fresh)
{
	struct node *n = xcalloc(1, sizeof *n + strlen(name) + 1), **at;

	memcpy(n->name, name, strlen(name));
	n->parent = parent;
	n->fresh = fresh;
	n->wd = add_watch(c, n);
	at = n->wd < 0 ? NULL : folder_watch_find(c, n->wd);
	/* The folder is gone already, or is known by another name. */
	if (!at || *at) {
		free(n);
		return;
	}
	*at = n;
	c->agent->folders_watched++;
	if (!parent)
		c->root = n;
	*c->last = n;
	c->last = &n->queued;
	uv_timer_start(&c->walk, on_walk, 0, 0);
}

/* Reads one folder; the next in the next turn of the loop. */
static void
read_one(struct changes *c, struct node *n)
{
	int fd = open_node(c, n);
	auto_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !d)
		close(fd);

	for (struct dirent *e; d && (e = readdir(d));) {
		struct stat st;
		bool dir = e->d_type == DT_DIR;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (e->d_type == DT_UNKNOWN)
			dir = fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
		if (dir)
			folder_watch_add(c, n, e->d_name, n->fresh);
		if (n->fresh)
			folder_watch_tell(c, n, e->d_name);
	}
}

static void
on_walk(uv_timer_t *t)
{
	struct changes *c = t->data;
	struct node *n = c->first;

	if (!n)
		return;
	c->first = n->queued;
	n->queued = NULL;
	if (!c->first)
		c->last = &c->first;
	read_one(c, n);
	if (c->first)
		uv_timer_start(&c->walk, on_walk, 0, 0);
}

static int
open_root(const struct changes *c)
{
	AUTO(guarded) g = mounts_guarded(c->agent);

	return guarded_folder(&g, c->location, 0, NULL);
}

/* The whole tree, from the beginning. */
static void
watch_root(struct changes *c)
{
	if (c->root)
		folder_watch_drop(c, c->root);
	if (c->folder >= 0)
		close(c->folder);
	c->folder = open_root(c);
	if (c->folder >= 0)
		folder_watch_add(c, NULL, "", false);
}

static void
folder_watch_on_event(struct changes *c, const struct inotify_event *e)
{
	struct node *n = *folder_watch_find(c, e->wd), *sub;
	const char *name = e->len ? e->name : "";

	/* New folders may be among the events that were lost. */
	if (e->mask & IN_Q_OVERFLOW)
		watch_root(c);
	if (!n)
		return;
	if (e->mask & IN_IGNORED) {
		folder_watch_drop(c, n);
		return;
	}
	if (e->mask & IN_ISDIR && *name && e->mask & (IN_MOVED_FROM | IN_MOVED_TO) && (sub = folder_watch_child(c, n, name)))
		folder_watch_drop(c, sub);
	if (e->mask & IN_ISDIR && *name && e->mask & (IN_CREATE | IN_MOVED_TO))
		folder_watch_add(c, n, name, true);
	if (!(e->mask & IN_MOVED_FROM))
		folder_watch_tell(c, n, name);
}

static void
on_readable(uv_poll_t *p, int status, int events)
{
	struct changes *c = p->data;
	_Alignas(struct inotify_event) char chunk[16384];
	ssize_t n = read(c->fd, chunk, sizeof chunk);

	(void)status;
	(void)events;
	for (char *at = chunk; at < chunk + (n > 0 ? n : 0);) {
		const struct inotify_event *e = (const void *)at;

		folder_watch_on_event(c, e);
		at += sizeof *e + e->len;
	}
}

struct changes *
changes_watch(struct agent *a, const char *location, const char *point)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct changes *c;

	if (fd < 0) {
		auto_free char *why = xasprintf("mountInotify: %s: %s", location, strerror(errno));

		agent_trouble(a, "mountInotify", why);
		return NULL;
	}
	c = xcalloc(1, sizeof *c);
	c->agent = a;
	c->fd = fd;
	c->location = xstrdup(location);
	c->point = xstrdup(point);
	c->last = &c->first;
	c->open = 2;
	uv_poll_init(&a->loop, &c->poll, fd);
	uv_timer_init(&a->loop, &c->walk);
	c->poll.data = c->walk.data = c;
	uv_poll_start(&c->poll, UV_READABLE, on_readable);
	c->folder = -1;
	c->most = most_watches();
	c->news = news_new(a, &c->folder, c->point);
	watch_root(c);
	return c;
}

void
changes_look(struct changes *c)
{
	auto_close int now = c ? open_root(c) : -1;
	struct stat x, y;

	if (!c)
		return;
	if (!c->root || now < 0 || fstat(now, &x) < 0 || fstat(c->folder, &y) < 0 || x.st_ino != y.st_ino || x.st_dev != y.st_dev)
		watch_root(c);
}

static void
folder_watch_on_closed(uv_handle_t *h)
{
	struct changes *c = h->data;

	if (--c->open)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct node *n = c->bucket[i], *next; n; n = next) {
			next = n->next;
			c->agent->folders_watched--;
			free(n);
		}
	close(c->fd);
	if (c->folder >= 0)
		close(c->folder);
	free(c->location);
	free(c->point);
	free(c);
}

void
changes_forget(struct changes *c)
{
	if (!c)
		return;
	news_free(c->news);
	uv_close((uv_handle_t *)&c->poll, folder_watch_on_closed);
	uv_close((uv_handle_t *)&c->walk, folder_watch_on_closed);
}
