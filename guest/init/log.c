#include "guest/init/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

/* The one piece of global state: where a process of ours writes to. */
static int console_fd = -1, file_fd = -1;

static void
init_log_put(const char *s, size_t len)
{
	if (console_fd >= 0 && write(console_fd, s, len) < 0 && errno == EIO)
		console_fd = -1;
	if (file_fd >= 0 && write(file_fd, s, len) < 0)
		file_fd = -1;
}

void
log_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		if (fd != i)
			dup2(fd, i);
	if (fd <= 2)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	console_fd = fd;
}

void
log_file(const char *path)
{
	char old[256];

	snprintf(old, sizeof old, "%s.old", path);
	rename(path, old);
	file_fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
}

void
log_close(void)
{
	if (file_fd >= 0)
		close(file_fd);
	file_fd = -1;
}

static void
init_log_vsay(const char *suffix, const char *fmt, va_list ap)
{
	char line[1024];
	struct timespec t;
	int n;

	clock_gettime(CLOCK_BOOTTIME, &t);
	n = snprintf(line, sizeof line, "[%5ld.%03ld] lima-init: ", (long)t.tv_sec, t.tv_nsec / 1000000);
	n += vsnprintf(line + n, sizeof line - (size_t)n, fmt, ap);
	if (n < (int)sizeof line && *suffix)
		n += snprintf(line + n, sizeof line - (size_t)n, ": %s", suffix);
	if (n > (int)sizeof line - 2)
		n = (int)sizeof line - 2;
	line[n++] = '\n';
	init_log_put(line, (size_t)n);
}

void
init_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	init_log_vsay("", fmt, ap);
	va_end(ap);
}

void
say_errno(const char *fmt, ...)
{
	const char *why = strerror(errno);
	va_list ap;

	va_start(ap, fmt);
	init_log_vsay(why, fmt, ap);
	va_end(ap);
}

int
log_fd(void)
{
	return file_fd >= 0 ? file_fd : console_fd;
}

long
log_size(void)
{
	return file_fd >= 0 ? (long)lseek(file_fd, 0, SEEK_END) : 0;
}

void
log_echo(long from)
{
	enum { MOST = 8192 };
	char b[512];
	long end = log_size();
	ssize_t n;

	if (file_fd < 0 || console_fd < 0)
		return;
	for (from = end - from > MOST ? end - MOST : from; from < end; from += n) {
		n = pread(file_fd, b, sizeof b, from);
		if (n <= 0 || write(console_fd, b, (size_t)n) < 0)
			return;
	}
}

void
log_since(long from, struct buf *out)
{
	enum { MOST = 16000 };
	char b[512];
	long end = log_size();
	ssize_t n;

	for (from = end - from > MOST ? end - MOST : from; from < end; from += n) {
		n = file_fd >= 0 ? pread(file_fd, b, sizeof b, from) : 0;
		if (n <= 0)
			return;
		buf_add(out, b, (size_t)n);
	}
}

void
log_tail(long from, char *out, size_t size)
{
	enum { LINES = 3, MOST = 160 };
	char b[MOST + 1];
	long end = log_size(), at = end - from > MOST ? end - MOST : from;
	ssize_t n = file_fd >= 0 && end > at ? pread(file_fd, b, (size_t)(end - at), at) : 0;
	size_t len = 0, lines = 0;
	const char *p;

	while (n > 0 && (unsigned char)b[n - 1] <= ' ')
		n--;
	b[n > 0 ? n : 0] = '\0';
	for (p = b + (n > 0 ? n : 0); p > b && (p[-1] != '\n' || ++lines < LINES); p--)
		;
	for (; *p && len + 4 < size; p++) {
		if (*p == '\n') {
			memcpy(out + len, " | ", 3);
			len += 3;
		} else {
			out[len++] = *p;
		}
	}
	out[len] = '\0';
}
