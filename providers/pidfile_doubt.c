#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "providers/pidfile.h"
#include "providers/sock.h"

enum { DOUBT_MS = 200 };

bool
pidfile_leaves_doubt(const char *path, const char *socket)
{
	struct sock_wait wait = { .deadline = clock_ms() + DOUBT_MS };
	struct error why = { 0 };
	auto_close int fd = -1;
	struct stat st;

	if (lstat(path, &st) == 0 || errno != ENOENT)
		return true;
	fd = sock_connect(socket, &wait, &why);
	return fd >= 0 || (why.code != ENOENT && why.code != ECONNREFUSED);
}
