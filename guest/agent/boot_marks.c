#include "guest/agent/boot_marks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"

#define MARKS "lima-"	/* what their names begin with */

enum { MAX_MARK = 64 << 10 };

struct boot_marks {
	struct loop *loop;
	struct watch w;
	const char *dir;
	struct boot_watcher *watchers;
	struct ga_boot now;
};

/* The first line of a mark, "" where there is none. */
static void
boot_marks_line(const struct boot_marks *b, const char *name, char *out, size_t size)
{
	auto_free char *path = xasprintf("%s/%s", b->dir, name);
	AUTO(buf) text = BUF_INIT;

	*out = '\0';
	if (fs_read_if(path, &text, MAX_MARK, NULL) == 1 && text.len)
		ga_printable(out, size, text.s, strcspn(text.s, "\n"));
}

static void
boot_marks_errors(const struct boot_marks *b, char *out, size_t size)
{
	auto_free char *path = xasprintf("%s/lima-boot-errors", b->dir);
	AUTO(buf) text = BUF_INIT;
	size_t n = 0;

	*out = '\0';
	if (fs_read_if(path, &text, MAX_MARK, NULL) != 1 || !text.len)
		return;
	for (const char *p = text.s; *p && n + 2 < size; p += strcspn(p, "\n"), p += *p == '\n') {
		if (n)
			out[n++] = '\n';
		ga_printable(out + n, size - n, p, strcspn(p, "\n"));
		n += strlen(out + n);
	}
}

/* The errors first: who has booted has said what went wrong before. */
static bool
boot_marks_look(struct boot_marks *b)
{
	struct ga_boot now = { "", "", "" };
	bool same;

	boot_marks_line(b, "lima-ssh-ready", now.session, sizeof now.session);
	boot_marks_line(b, "lima-boot-done", now.done, sizeof now.done);
	boot_marks_errors(b, now.errors, sizeof now.errors);
	same = !strcmp(now.session, b->now.session) && !strcmp(now.done, b->now.done) && !strcmp(now.errors, b->now.errors);
	b->now = now;
	return !same;
}

static void
boot_marks_tell(struct boot_marks *b)
{
	for (struct boot_watcher *w = b->watchers, *next; w; w = next) {
		next = w->next;
		w->changed(w);
	}
}

/* Was one of the events about a mark, or were there too many to know? */
static bool
boot_marks_concern(const char *p, ssize_t n)
{
	for (const char *end = p + n; p < end;) {
		struct inotify_event e;

		memcpy(&e, p, sizeof e);
		if ((e.mask & IN_Q_OVERFLOW) || (e.len && !strncmp(p + sizeof e, MARKS, strlen(MARKS))))
			return true;
		p += sizeof e + e.len;
	}
	return false;
}

static void
boot_marks_ready(struct watch *w, uint32_t events)
{
	struct boot_marks *b = CONTAINER_OF(w, struct boot_marks, w);
	char some[4096];
	bool concern = false;
	ssize_t n;

	(void)events;
	while ((n = read(w->fd, some, sizeof some)) > 0)
		concern |= boot_marks_concern(some, n);
	if (concern && boot_marks_look(b))
		boot_marks_tell(b);
}

struct boot_marks *
boot_marks_new(struct loop *l, const char *dir)
{
	struct boot_marks *b;
	auto_close int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0 || inotify_add_watch(fd, dir, IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE) < 0)
		return NULL;
	b = xcalloc(1, sizeof *b);
	*b = (struct boot_marks){ .loop = l, .dir = dir, .w = { .fd = steal_fd(fd), .ready = boot_marks_ready } };
	return b;
}

void
boot_marks_free(struct boot_marks *b)
{
	if (!b)
		return;
	loop_unwatch(b->loop, &b->w);
	close(b->w.fd);
	free(b);
}

void
boot_marks_add(struct boot_marks *b, struct boot_watcher *w)
{
	if (!b->watchers) {
		loop_watch(b->loop, &b->w, EPOLLIN);
		(void)boot_marks_look(b);
	}
	w->next = b->watchers;
	b->watchers = w;
}

void
boot_marks_remove(struct boot_marks *b, struct boot_watcher *w)
{
	for (struct boot_watcher **at = &b->watchers; *at; at = &(*at)->next)
		if (*at == w) {
			*at = w->next;
			break;
		}
	if (!b->watchers)
		loop_watch(b->loop, &b->w, 0);
}

const struct ga_boot *
boot_marks_now(const struct boot_marks *b)
{
	return &b->now;
}
