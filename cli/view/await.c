#include "cli/view/await.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/news.h"
#include "base/process.h"
#include "cli/cli.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/driver.h"

enum { ASK_MS = 60 * 60 * 1000 };

int
await_parse(const char *text, struct await *out, struct error *err)
{
	static const char probe[] = "probe=";

	*out = (struct await){.is = AWAIT_READY};
	if (!strcmp(text, "ready"))
		return 0;
	out->is = AWAIT_STOPPED;
	if (!strcmp(text, "stopped"))
		return 0;
	out->is = AWAIT_PROBE;
	out->probe = text + strlen(probe);
	if (!strncmp(text, probe, strlen(probe)) && *out->probe)
		return 0;
	return error_set(err, ERR_INVALID, "--for %s: must be ready, stopped or probe=DESCRIPTION", text);
}

/* --- stopped --- */

/* The agent takes the machine down; one that was killed leaves it to itself. */
static void
await_stopped(const char *dir)
{
	AUTO(process) agent = {0};
	AUTO(process) machine = {0};
	pid_t pid = 0;

	while (ha_process(dir, &agent)) {
		process_wait(&agent, -1, NULL);
		process_release(&agent);
	}
	while (driver_of(dir, &pid) && process_hold(pid, &machine)) {
		process_wait(&machine, -1, NULL);
		process_release(&machine);
	}
}

/* --- what an agent tells --- */

static int
await_refuse(const char *dir, const char *errors, const char *what, struct error *err)
{
	int line = (int)strcspn(errors, "\n");

	return error_set(err, ERR_CHILD, "%s%s%.*s; see %s/ha.stderr.log", what, line ? ": " : "", line, errors, dir);
}

/* 1: ready; 0: nobody answers; -1: it will not be. */
static int
await_agent_ready(const char *dir, struct error *err)
{
	AUTO(arena) a = {0};
	struct error why;
	struct ha_info info;

	do
		why.code = 0;
	while (ha_wait_ready(dir, 0, ASK_MS, NULL, &a, &info, &why) < 0 && why.code == ETIMEDOUT);
	if (why.code)
		return 0;
	if (info.phase == HA_DEGRADED)
		return await_refuse(dir, info.errors, "DEGRADED: it runs, but not as wanted", err);
	if (info.phase == HA_STOPPING && *info.errors)
		return await_refuse(dir, info.errors, "the machine went down while it booted", err);
	return info.phase == HA_RUNNING || info.phase == HA_UNKNOWN;
}

static const struct ha_condition *
await_find_probe(const struct ha_condition *v, size_t n, const char *description)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].probe && !strcmp(v[i].what, description))
			return &v[i];
	return NULL;
}

static size_t
await_settled(const struct ha_condition *v, size_t n)
{
	size_t settled = 0;

	for (size_t i = 0; i < n; i++)
		settled += strcmp(v[i].state, "waiting") != 0;
	return settled;
}

/* As await_agent_ready(), of a probe. */
static int
await_agent_probe(const char *dir, const char *description, struct error *err)
{
	size_t seen = 0, n = 0;

	for (bool first = true;; first = false) {
		AUTO(arena) a = {0};
		struct ha_condition *v = NULL;
		const struct ha_condition *probe;
		struct error why = {0};
		size_t settled;

		if ((first ? ha_conditions(dir, &a, &v, &n, &why)
			   : ha_await_conditions(dir, seen, ASK_MS, &a, &v, &n, &why)) < 0) {
			if (why.code == ETIMEDOUT && !first)
				continue;
			return 0;
		}
		if (!(probe = await_find_probe(v, n, description)))
			return n ? error_set(err, ENOENT, "it was started without a probe `%s`", description) : 0;
		if (!strcmp(probe->state, "met"))
			return 1;
		if (!strcmp(probe->state, "failed"))
			return error_set(err, ERR_CHILD, "the probe `%s` has failed: %s", description, probe->said);
		settled = await_settled(v, n);
		if (!first && settled <= seen)
			return error_set(err, ERR_UNSUPPORTED, "its host agent is of another version, and cannot be waited for; `limactl restart` it");
		seen = settled;
	}
}

/* --- until there is an agent that can be asked --- */

/* Something in the folder has another name now, or the folder is gone. */
static void
await_on_news(void *ctx, const struct os_event *e)
{
	(void)ctx, (void)e;
}

static int
await_agent(const char *dir, const struct await *w, struct error *err)
{
	AUTO(os_news) news = OS_NEWS_NONE;
	auto_free char *yaml = xasprintf("%s/lima.yaml", dir);
	int is;

	if (os_news_open(&news, true) < 0 || os_news_add(&news, dir, NEWS_CREATED | NEWS_MOVED_TO | NEWS_DELETED | NEWS_GONE, NULL) < 0)
		return error_errno(err, "watch %s", dir);
	/* The socket has its name once it is answered there, so whoever comes too early is woken by that. */
	while ((is = w->is == AWAIT_READY ? await_agent_ready(dir, err) : await_agent_probe(dir, w->probe, err)) == 0) {
		if (!fs_exists(yaml))
			return error_set(err, ENOENT, "the instance was deleted meanwhile");
		while (os_news_take(&news, await_on_news, NULL) < 0 && errno == EINTR)
			;
	}
	return is < 0 ? -1 : 0;
}

int
await_instance(struct cli *c, const char *name, const struct await *w, struct error *err)
{
	auto_free char *dir = xasprintf("%s/%s", c->env.home, name);

	if (w->is != AWAIT_STOPPED)
		return await_agent(dir, w, err);
	await_stopped(dir);
	return 0;
}
