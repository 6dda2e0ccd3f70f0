#include "base/jobserver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
jobserver_is_fifo(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* Descriptors of our own: whether reading waits is a matter of the open file, and others wait in make's. */
static bool
jobserver_open(struct jobserver *j, const char *in, const char *out)
{
	j->in = open(in, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	j->out = j->in < 0 ? -1 : open(out, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	j->joined = j->out >= 0 && jobserver_is_fifo(j->in) && jobserver_is_fifo(j->out);
	if (j->joined)
		return true;
	if (j->in >= 0)
		close(j->in);
	if (j->out >= 0)
		close(j->out);
	return false;
}

static bool
jobserver_open_pipe(struct jobserver *j, int in, int out)
{
	char read_end[32], write_end[32];

	/* descriptors that were not handed on may be anything, or nothing */
	if (in < 0 || out < 0 || !jobserver_is_fifo(in) || !jobserver_is_fifo(out))
		return false;
	snprintf(read_end, sizeof read_end, "/proc/self/fd/%d", in);
	snprintf(write_end, sizeof write_end, "/proc/self/fd/%d", out);
	return jobserver_open(j, read_end, write_end);
}

bool
jobserver_join(struct jobserver *j)
{
	static const char *const names[] = { "--jobserver-auth=", "--jobserver-fds=" };
	const char *flags = getenv("MAKEFLAGS"), *at = NULL;
	char path[4096];
	int in, out;

	*j = (struct jobserver){ .in = -1, .out = -1 };
	/* the last one counts, as in make itself */
	for (size_t i = 0; flags && i < sizeof names / sizeof *names; i++)
		for (const char *p = flags; (p = strstr(p, names[i]));) {
			p += strlen(names[i]);
			at = p;
		}
	if (!at)
		return false;
	if (sscanf(at, "fifo:%4095[^ ]", path) == 1)
		return jobserver_open(j, path, path);
	return sscanf(at, "%d,%d", &in, &out) == 2 && jobserver_open_pipe(j, in, out);
}

bool
jobserver_take(struct jobserver *j)
{
	ssize_t n;

	if (!j->joined || j->nheld == JOBSERVER_MAX)
		return false;
	do
		n = read(j->in, &j->held[j->nheld], 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return false;
	j->nheld++;
	return true;
}

void
jobserver_give(struct jobserver *j)
{
	ssize_t n;

	if (!j->joined || !j->nheld)
		return;
	j->nheld--;
	do
		n = write(j->out, &j->held[j->nheld], 1);
	while (n < 0 && errno == EINTR);
}

void
jobserver_release(struct jobserver *j)
{
	while (j->joined && j->nheld)
		jobserver_give(j);
	if (j->joined) {
		close(j->in);
		close(j->out);
	}
	j->joined = false;
}
