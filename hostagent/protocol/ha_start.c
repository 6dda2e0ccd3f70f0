/* hostagent/protocol/ha_start.c - starting the host agent, and what it said if it would not (ha_client.h). */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/news.h"
#include "base/os/process.h"
#include "base/proc.h"
#include "base/process.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/sock.h"

enum {
	DEFAULT_MS = 30000,
	LOOK_MS = 20,
	TICK_MS = 100,		/* a flag cannot be polled for */
	END_MS = 15000,		/* an agent that we give up */
	LOG_TAIL = 64 << 10,
};

/* The last whole lines of a log. */
static void
read_tail(const char *path, struct buf *out)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	buf_reserve(out, LOG_TAIL + 1);
	n = pread(fd, out->s, LOG_TAIL, st.st_size > LOG_TAIL ? st.st_size - LOG_TAIL : 0);
	buf_truncate(out, 0);
	if (n > 0) {
		out->len = (size_t)n;
		out->s[n] = '\0';
	}
}

/* The last errors that were an event. 0: there are some. */
static int
last_errors(const char *dir, struct buf *out)
{
	auto_free char *path = xasprintf("%s/ha.stdout.log", dir);
	AUTO(buf) log = BUF_INIT;
	char *save, *line;

	read_tail(path, &log);
	for (line = strtok_r(log.s, "\n", &save); log.len && line; line = strtok_r(NULL, "\n", &save)) {
		cJSON *json = cJSON_Parse(line);
		const cJSON *status = cJSON_GetObjectItemCaseSensitive(json, "status"), *v;
		const cJSON *errors = cJSON_GetObjectItemCaseSensitive(status, "errors");

		if (cJSON_GetArraySize(errors) > 0)
			buf_truncate(out, 0);
		cJSON_ArrayForEach(v, errors)
			if (cJSON_IsString(v))
				buf_addf(out, "%s%s", out->len ? "; " : "", v->valuestring);
		cJSON_Delete(json);
	}
	return out->len ? 0 : -1;
}

/* ... or the last line of its log, whatever that is. */
static int
last_words(const char *dir, struct buf *out)
{
	auto_free char *path = xasprintf("%s/ha.stderr.log", dir);
	AUTO(buf) log = BUF_INIT;
	char *line;

	if (last_errors(dir, out) == 0)
		return 0;
	read_tail(path, &log);
	while (log.len && log.s[log.len - 1] == '\n')
		buf_truncate(&log, log.len - 1);
	line = log.len ? strrchr(log.s, '\n') : NULL;
	buf_adds(out, line ? line + 1 : log.s);
	return out->len ? 0 : -1;
}

struct start {
	struct os_news news;	/* not open: the user has none left (128 by default), so the socket is looked for */
	struct process agent;	/* our child: its number is its own until it is reaped */
};

static void
start_release(struct start *s)
{
	os_news_release(&s->news);
	process_release(&s->agent);
}

/* 1: it answers; 0: it has ended; -1 */
static int
ha_start_attend(struct start *s, const struct ha_start *o, long long deadline, struct error *err)
{
	auto_free char *sock = xasprintf("%s/ha.sock", o->dir);

	for (;;) {
		struct pollfd p[] = { { .fd = s->news.fd, .events = POLLIN }, { .fd = s->agent.fd, .events = POLLIN } };
		long long left = deadline - clock_ms();
		int tick = s->news.fd < 0 ? LOOK_MS : o->cancel ? TICK_MS : INT_MAX;

		if (o->cancel && *o->cancel)
			return error_set(err, ERR_CANCELLED, "cancelled");
		if (left < 0)
			return error_set(err, ETIMEDOUT, "the machine does not answer on its control socket");
		if (s->news.fd < 0 && fs_exists(sock))
			return 1;
		if (poll(p, 2, left > tick ? tick : (int)left) < 0)
			continue;
		/* The agent binds it under another name first. */
		if (p[0].revents && os_news_take_of(&s->news, "ha.sock") && fs_exists(sock))
			return 1;
		if (p[1].revents)
			return 0;
	}
}

static void
ha_start_give_up(const struct start *s)
{
	process_signal(&s->agent, SIGTERM, NULL);
	if (process_wait(&s->agent, END_MS, NULL) == 1)
		return;
	process_signal(&s->agent, SIGKILL, NULL);
	process_wait(&s->agent, END_MS, NULL);
}

static int
ha_start_run(struct start *s, const struct ha_start *o, struct error *err)
{
	auto_free char *out = xasprintf("%s/ha.stdout.log", o->dir), *log = xasprintf("%s/ha.stderr.log", o->dir);
	auto_free char *pidfile = xasprintf("%s/ha.pid", o->dir), *sock = xasprintf("%s/ha.sock", o->dir);
	auto_free char *launch = xasprintf("%s/launch.json", o->dir);
	const char *argv[] = { o->program, "--pidfile", pidfile, "--socket", sock, "--launch", launch,
			       o->debug ? "--debug" : o->name, o->debug ? o->name : NULL, NULL };

	pid_t pid = proc_daemon(argv, &(struct proc_daemon){ .stdout_path = out, .stderr_path = log }, err);

	if (pid < 0)
		return -1;
	/* An agent that has ended is still a child of this process. */
	s->agent = (struct process){ .pid = pid, .fd = os_process_end(pid) };
	return s->agent.fd < 0 ? error_errno(err, "watch a process") : 0;
}

int
ha_start(const struct ha_start *o, struct error *err)
{
	AUTO(start) s = { .news = OS_NEWS_NONE };
	auto_free char *sock = xasprintf("%s/ha.sock", o->dir);
	AUTO(buf) words = BUF_INIT;
	int r;

	if (os_news_open(&s.news, false) == 0 && os_news_add(&s.news, o->dir, NEWS_MOVED_TO | NEWS_FOLDER_ONLY, NULL) < 0)
		return error_errno(err, "watch %s", o->dir);
	if (ha_pid(o->dir))
		return error_set(err, EEXIST, "a host agent of %s runs already, process %d", o->name, (int)ha_pid(o->dir));
	/* A socket that lies there is nobody's: without a watch it would be taken for the new agent's. */
	if (s.news.fd < 0 && fs_unlink(sock, err) < 0)
		return -1;
	if (ha_start_run(&s, o, err) < 0)
		return -1;
	r = ha_start_attend(&s, o, clock_ms() + (o->timeout_ms ? o->timeout_ms : DEFAULT_MS), err);
	if (r == 1)
		return 0;
	if (r < 0) {
		ha_start_give_up(&s);
		return -1;
	}
	waitpid(s.agent.pid, NULL, 0);
	if (last_words(o->dir, &words) < 0)
		return error_set(err, ERR_CHILD, "the host agent ended at once (see %s/ha.stderr.log)", o->dir);
	/* The port was free when it was chosen; the caller may choose another. */
	if (strstr(words.s, "Could not set up host forwarding rule"))
		return error_set(err, EADDRINUSE, "another program has taken a port of the machine's while that was starting (%s); "
				 "run the command again", words.s);
	return error_set(err, ERR_CHILD, "%s", words.s);
}
