/*
 * Waiting for another process that has the database.
 *
 * Transactions here last as long as their statements, so a wait is one of milliseconds, unless somebody was stopped
 * in the middle, or reads at leisure with a program of his own. Then it is told who that is, and a cancel flag ends it.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "state/observed/sql.h"

enum {
	TELL_MS = 1000,
	GRACE_MS = 500,		/* after an interrupt: what was done is still noted if nobody stands in the way for long */
	GIVE_UP_MS = 600000,
};

/* The first process but us that has a lock on the file, by /proc/locks; 0: not known. */
static pid_t
busy_holder(const char *path)
{
	auto_file FILE *f = fopen("/proc/locks", "re");
	char line[160];
	struct stat st;

	if (!f || stat(path, &st) < 0)
		return 0;
	while (fgets(line, sizeof line, f)) {
		uint64_t inode;
		int pid;

		if (sscanf(line, "%*d: %*s %*s %*s %d %*x:%*x:%" SCNu64, &pid, &inode) == 2 && inode == (uint64_t)st.st_ino &&
		    pid > 0 && pid != getpid())
			return pid;
	}
	return 0;
}

static void
busy_tell(struct state *s)
{
	auto_free char *text = NULL;
	pid_t pid = busy_holder(s->path);

	s->busy_told = true;
	if (!s->opts.warn)
		return;
	text = pid ? xasprintf("waiting for process %d, which has %s locked", (int)pid, s->path) :
		     xasprintf("waiting for another process, which has %s locked", s->path);
	s->opts.warn(s->opts.ctx, text);
}

static int
busy_wait(void *ctx, int times)
{
	struct state *s = ctx;
	long long waited;

	if (times == 0) {
		s->busy_since = clock_ms();
		s->busy_told = false;
	}
	waited = clock_ms() - s->busy_since;
	if (waited >= GIVE_UP_MS || (waited >= GRACE_MS && s->opts.cancel && *s->opts.cancel))
		return 0;
	if (waited >= TELL_MS && !s->busy_told)
		busy_tell(s);
	poll(NULL, 0, times < 10 ? 1 : times < 40 ? 5 : 25);
	return 1;
}

void
sql_patience(struct state *s)
{
	sqlite3_busy_handler(s->db, busy_wait, s);
}
