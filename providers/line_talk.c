#include "providers/line_talk.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "providers/sock.h"

int
line_talk(const char *socket, const char *who, const char *words, int timeout_ms, char line[LINE_TALK_MAX], struct error *err)
{
	struct sock_wait wait = { .deadline = clock_ms() + timeout_ms };
	auto_close int fd = sock_connect(socket, &wait, err);
	size_t n = 0;

	if (fd < 0 || sock_write(fd, words, strlen(words), &wait, err) < 0)
		return -1;
	do {
		ssize_t got = sock_read(fd, line + n, 1, &wait, err);

		if (got <= 0)
			return got < 0 ? -1 : error_set(err, ECONNRESET, "%s: gone", who);
	} while (line[n++] != '\n' && n < LINE_TALK_MAX - 1);
	line[n] = '\0';
	return memcmp(line, "ok", 2) == 0 ? steal_fd(fd) : error_set(err, EIO, "%s: %.*s", who, (int)strcspn(line, "\n"), line);
}
