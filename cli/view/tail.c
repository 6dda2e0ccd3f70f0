#include "cli/view/tail.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

enum { CHUNK = 16 << 10, MAX_LINE = 1 << 20 };

/* Opens what is there now under the name, if that is another file than ours. */
static void
view_tail_reopen(struct tail *t)
{
	struct stat st;
	int fd = fs_open(t->path, &st, NULL);

	if (fd < 0)
		return;
	if (t->fd >= 0 && st.st_ino == t->inode) {
		close(fd);
		return;
	}
	if (t->fd >= 0)
		close(t->fd);
	t->fd = fd;
	t->inode = st.st_ino;
	t->at = 0;
	buf_truncate(&t->rest, 0);
}

void
tail_open(struct tail *t, const char *path, int skip)
{
	struct stat st;

	*t = (struct tail){ .path = xstrdup(path), .fd = -1, .rest = BUF_INIT };
	view_tail_reopen(t);
	if (skip && t->fd >= 0 && fstat(t->fd, &st) == 0)
		t->at = st.st_size;
}

void
tail_release(struct tail *t)
{
	if (t->path && t->fd >= 0)
		close(t->fd);
	free(t->path);
	buf_release(&t->rest);
	*t = (struct tail){ .fd = -1, .rest = BUF_INIT };
}

static void
view_tail_lines(struct tail *t, void (*line)(void *ctx, const char *text), void *ctx)
{
	char *from = t->rest.s, *end;

	while ((end = memchr(from, '\n', (size_t)(t->rest.s + t->rest.len - from)))) {
		*end = '\0';
		line(ctx, from);
		from = end + 1;
	}
	memmove(t->rest.s, from, (size_t)(t->rest.s + t->rest.len - from));
	buf_truncate(&t->rest, (size_t)(t->rest.s + t->rest.len - from));
	if (t->rest.len > MAX_LINE)
		buf_truncate(&t->rest, 0);
}

static void
view_tail_read_on(struct tail *t, void (*line)(void *ctx, const char *text), void *ctx)
{
	struct stat st;
	ssize_t n;

	if (fstat(t->fd, &st) == 0 && st.st_size < t->at) {	/* cut: it begins anew */
		t->at = 0;
		buf_truncate(&t->rest, 0);
	}
	for (;;) {
		buf_reserve(&t->rest, CHUNK);
		n = pread(t->fd, t->rest.s + t->rest.len, CHUNK, t->at);
		if (n <= 0)
			return;
		t->at += n;
		t->rest.len += (size_t)n;
		t->rest.s[t->rest.len] = '\0';
		view_tail_lines(t, line, ctx);
	}
}

void
tail_read(struct tail *t, void (*line)(void *ctx, const char *text), void *ctx)
{
	if (t->fd >= 0)
		view_tail_read_on(t, line, ctx);
	view_tail_reopen(t);
	if (t->fd >= 0 && t->at == 0)
		view_tail_read_on(t, line, ctx);
}
