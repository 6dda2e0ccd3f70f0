#include "cli/call_off.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/process.h"
#include "cli/cli.h"

enum {
	TICK_MS = 50,
	PATIENCE_MS = 10000,	/* a start that is forced to end; none of its steps is lost by that */
};

static bool
start_is_held(const char *path)
{
	AUTO(process) p = { 0 };

	return lock_holder(path, LOCK_STARTS, &p);
}

int
call_off_start(struct cli *c, const char *name, struct error *err)
{
	auto_free char *path = xasprintf("%s/_state/%s.lock", c->env.home, name);
	long long since = clock_ms();
	AUTO(process) p = { 0 };

	if (!lock_holder(path, LOCK_STARTS, &p))
		return 0;
	cli_say(&c->env, SAY_INFO, "Ending the start of the instance `%s` (limactl, process %d)", name, (int)p.pid);
	if (process_signal(&p, SIGTERM, err) < 0)
		return -1;
	while (process_is_alive(&p) && start_is_held(path)) {
		if (c->env.cancel && *c->env.cancel)
			return error_set(err, ERR_CANCELLED,
					 "interrupted while the start of the instance `%s` was ending", name);
		if (c->env.force && clock_ms() - since > PATIENCE_MS && process_signal(&p, SIGKILL, err) < 0)
			return -1;
		process_wait(&p, TICK_MS, NULL);
	}
	return 1;
}
