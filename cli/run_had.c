#include "cli/run_had.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cli/run.h"
#include "cli/run_locks.h"
#include "providers/driver.h"
#include "resources/suspend.h"
#include "state/desired/yaml/yaml.h"

/* An instance that this run was not asked about keeps the goal that it has. */
enum goal
run_as_it_is(const struct env *env, const char *name)
{
	auto_free char *dir = xasprintf("%s/%s", env->home, name);
	pid_t pid;

	return driver_of(dir, &pid) ? GOAL_RUNNING : suspend_is_there(dir) ? GOAL_SUSPENDED : GOAL_STOPPED;
}

/* One that is suspended may go, but its disk alone is that of a machine in the middle of its work. */
static int
check_at_rest(struct cli *c, const char *name, bool goes, struct error *err)
{
	enum goal is = run_as_it_is(&c->env, name);

	if (is == GOAL_SUSPENDED && !goes)
		return error_set(err, ERR_REFUSED, "instance %s is suspended, and its disk is worth nothing without its memory; `limactl start %s` and "
				 "`limactl stop %s` first", cli_tick(c, name), name, name);
	return is != GOAL_RUNNING ? 0 :
	       error_set(err, ERR_REFUSED, "instance %s was started by another limactl meanwhile; `limactl stop %s` first", cli_tick(c, name), name);
}

/* What was read of it before the locks would be kept of an edit that came between. */
static int
check_text(struct cli *c, const char *name, const char *was, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s/lima.yaml", c->env.home, name);
	AUTO(buf) now = BUF_INIT;

	if (fs_read(path, &now, YAML_MAX_TEXT, err) < 0)
		return instance_exists(c, name) ? -1 : error_set(err, ENOENT, "instance %s was deleted by another limactl meanwhile", cli_tick(c, name));
	return !strcmp(now.s, was) ? 0 : error_set(err, ERR_EDITED, "the lima.yaml of instance %s was changed by another limactl meanwhile; run the command again",
						   cli_tick(c, name));
}

/* What was so when the command began may have been changed by whoever had the locks before. */
int
run_check_had(struct cli *c, const struct run *r, struct locks *locks, struct error *err)
{
	const char *made = r->made ? r->made : r->gone;

	if (r->at_rest && r->also_lock && check_at_rest(c, r->also_lock, false, err) < 0)
		return -1;
	for (size_t i = 0; r->at_rest && i < r->nrequests; i++)
		if (check_at_rest(c, r->requests[i].name, r->requests[i].goal == GOAL_ABSENT, err) < 0)
			return -1;
	if (r->also_lock && !instance_exists(c, r->also_lock))
		return error_set(err, ENOENT, "instance %s was deleted by another limactl meanwhile", cli_tick(c, r->also_lock));
	if (r->text_was && check_text(c, r->also_lock, r->text_was, err) < 0)
		return -1;
	for (size_t i = 0; i < r->nrequests; i++)
		if (r->requests[i].text_was && check_text(c, r->requests[i].name, r->requests[i].text_was, err) < 0)
			return -1;
	if (made && instance_exists(c, made))
		return error_set(err, EEXIST, "instance %s was made by another limactl meanwhile", cli_tick(c, made));
	locks->fresh = r->made && r->if_failed != MADE_STAYS;
	return 0;
}
