#include "hostagent/mount/change_queue.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <time.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/os/place.h"
#include "guest/wire/ga_client.h"
#include "hostagent/agent.h"

enum {
	QUIET_MS = 100,
	AT_LAST_MS = 1000,	/* a file that is never quiet */
	TURN = 256,		/* told in one turn of the loop */
	BUSY_MS = 50,		/* until one that does not take them is tried again */
	MAX_ITEMS = 20000,
	BUCKETS = 1024,
	SEEN = 4096,
	SAME_MS = 10,		/* a change so soon after the one before is the same; upstream's number */
};

struct item {
	TAILQ_ENTRY(item) queue;	/* in the order of `due` */
	LIST_ENTRY(item) bucket;
	uint64_t hash, first, due;	/* in the loop's time */
	char path[];
};

struct news {
	struct agent *agent;
	const int *root;
	const char *point;
	uv_timer_t timer;
	TAILQ_HEAD(, item) queue;
	LIST_HEAD(, item) buckets[BUCKETS];
	size_t n;
	bool full;		/* said */
	/* The time of the last change that was told, by a hash of the path; a path that loses its place is told once more. */
	struct seen {
		uint64_t hash;
		struct timespec mtime;
	} seen[SEEN];
};

/* Has the guest been told of it already? Its own answer, which sets the times, is a change of the host's, too. */
static bool
change_queue_known(const struct news *w, uint64_t hash, const struct timespec *mtime)
{
	const struct seen *s = &w->seen[hash % SEEN];
	long long ms = (mtime->tv_sec - s->mtime.tv_sec) * 1000LL + (mtime->tv_nsec - s->mtime.tv_nsec) / 1000000;

	return s->hash == hash && ms > -SAME_MS && ms < SAME_MS;
}

static void
change_queue_forget(struct news *w, struct item *i)
{
	TAILQ_REMOVE(&w->queue, i, queue);
	LIST_REMOVE(i, bucket);
	w->n--;
	free(i);
}

/* Returns false when the guest takes no more just now. */
static bool
change_queue_tell(struct news *w, const struct item *i)
{
	struct ga_client *client = ga_alive(w->agent);
	auto_free char *guest = NULL;
	auto_close int fd = client ? guarded_below(*w->root, i->path + (*i->path == '/'), os_place_flags) : -1;
	struct error e;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || S_ISLNK(st.st_mode) || change_queue_known(w, i->hash, &st.st_mtim))
		return true;
	guest = xasprintf("%s%s", w->point, i->path);
	if (ga_client_inotify(client, guest, &st.st_mtim, &e) < 0)
		return false;
	w->seen[i->hash % SEEN] = (struct seen){ i->hash, st.st_mtim };
	return true;
}

static void
change_queue_on_timer(uv_timer_t *t)
{
	struct news *w = t->data;
	uint64_t now = uv_now(&w->agent->loop);
	struct item *i;
	size_t told = 0;

	while ((i = TAILQ_FIRST(&w->queue)) && i->due <= now && told++ < TURN) {
		if (!change_queue_tell(w, i)) {
			uv_timer_start(t, change_queue_on_timer, BUSY_MS, 0);
			break;
		}
		change_queue_forget(w, i);
	}
	if (i && !uv_is_active((uv_handle_t *)t))
		uv_timer_start(t, change_queue_on_timer, i->due > now ? i->due - now : 0, 0);
	if (!i)
		w->full = false;
	ga_flush(w->agent);
}

static struct item *
change_queue_find(struct news *w, uint64_t hash, const char *path)
{
	struct item *i;

	LIST_FOREACH(i, &w->buckets[hash % BUCKETS], bucket)
		if (i->hash == hash && strcmp(i->path, path) == 0)
			return i;
	return NULL;
}

static struct item *
change_queue_make(struct news *w, uint64_t hash, const char *path, uint64_t now)
{
	size_t len = strlen(path) + 1;
	struct item *i;

	if (w->n >= MAX_ITEMS) {
		if (!w->full)
			log_warning("mountInotify: %s: more changes at once than the guest takes: it is not told of all", w->point);
		w->full = true;
		return NULL;
	}
	i = xcalloc(1, sizeof *i + len);
	memcpy(i->path, path, len);
	i->hash = hash;
	i->first = now;
	LIST_INSERT_HEAD(&w->buckets[hash % BUCKETS], i, bucket);
	w->n++;
	return i;
}

void
news_add(struct news *w, const char *path)
{
	uint64_t hash = hash_text(HASH_START, path), now = uv_now(&w->agent->loop);
	struct item *i = change_queue_find(w, hash, path);

	/* Changes are dropped while there is no guest agent to be told. */
	if (!ga_alive(w->agent) || (i && now - i->first >= AT_LAST_MS - QUIET_MS))
		return;
	if (i)
		TAILQ_REMOVE(&w->queue, i, queue);
	else if (!(i = change_queue_make(w, hash, path, now)))
		return;
	i->due = now + QUIET_MS;
	TAILQ_INSERT_TAIL(&w->queue, i, queue);
	if (!uv_is_active((uv_handle_t *)&w->timer))
		uv_timer_start(&w->timer, change_queue_on_timer, QUIET_MS, 0);
}

struct news *
news_new(struct agent *a, const int *root, const char *point)
{
	struct news *w = xcalloc(1, sizeof *w);

	w->agent = a;
	w->root = root;
	w->point = point;
	TAILQ_INIT(&w->queue);
	uv_timer_init(&a->loop, &w->timer);
	w->timer.data = w;
	return w;
}

static void
change_queue_on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
news_free(struct news *w)
{
	struct item *i;

	while ((i = TAILQ_FIRST(&w->queue)))
		change_queue_forget(w, i);
	uv_close((uv_handle_t *)&w->timer, change_queue_on_closed);
}
