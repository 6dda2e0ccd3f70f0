#include "cli/ssh/many_out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/quote/quote.h"

enum { ENOUGH = 256 << 10 };

/*
 * O_NONBLOCK is of an opening, which others have, too: the shell, whoever reads what we log. So we open a pipe or a terminal
 * anew, for ourselves. -1: that cannot be, or nobody could write there before.
 */
static int
many_out_open_anew(int fd)
{
	int flags = fcntl(fd, F_GETFL), own;
	char path[64];

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own >= 0)
		fcntl(own, F_SETFL, flags | O_NONBLOCK);
	return own;
}

void
many_out_open(struct many_out *o, FILE *to)
{
	struct stat st = {0};
	int own = -1;

	fflush(to);
	*o = (struct many_out){.to = to, .fd = fileno(to), .rest = BUF_INIT};
	o->tty = isatty(o->fd);
	if (fstat(o->fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		own = many_out_open_anew(o->fd);
	o->own = own >= 0;
	o->fd = o->own ? own : o->fd;
	o->at_once = o->own || S_ISREG(st.st_mode) ? SSIZE_MAX : PIPE_BUF;
}

void
many_out_release(struct many_out *o)
{
	if (o->own)
		close(o->fd);
	buf_release(&o->rest);
}

void
many_out_line(struct many_out *o, const char *s, size_t n)
{
	if (o->tty)
		quote_terminal(&o->rest, s, n);
	else
		buf_add(&o->rest, s, n);
}

bool
many_out_is_full(const struct many_out *o)
{
	return o->rest.len > ENOUGH;
}

/* As much as is taken at once; 0: no more now. What fails here fails again with stdio, which keeps that for the end of the program. */
static size_t
many_out_write_part(const struct many_out *o, const char *s, size_t n)
{
	struct pollfd p = {.fd = o->fd, .events = POLLOUT};
	ssize_t r;

	if (!o->own && poll(&p, 1, 0) < 1)
		return 0;
	do
		r = write(o->fd, s, n < o->at_once ? n : o->at_once);
	while (r < 0 && errno == EINTR);
	if (r >= 0)
		return (size_t)r;
	if (errno == EAGAIN)
		return 0;
	fwrite(s, 1, n, o->to);
	fflush(o->to);
	return n;
}

void
many_out_write(struct many_out *o)
{
	size_t at = 0, part = 1;

	while (at < o->rest.len && part) {
		part = many_out_write_part(o, o->rest.s + at, o->rest.len - at);
		at += part;
	}
	if (at)
		memmove(o->rest.s, o->rest.s + at, o->rest.len - at);
	buf_truncate(&o->rest, o->rest.len - at);
}
