#include "cli/commands/start_for.h"

#include "base/auto.h"
#include "base/error.h"
#include "cli/run.h"
#include "cli/commands/start.h"

int
start_for(struct cli *c, const char *name, struct error *err)
{
	AUTO(goals) g = { 0 };
	int status;

	cli_catch_signals(c);
	if (goals_add_instance(c, &g, name, GOAL_RUNNING, NULL, err) < 0)
		return -1;
	status = run_engine(c, &(struct run){ .requests = g.v, .nrequests = g.n, .quiet = true }, err);
	return status > 0 ? error_set(err, ERR_CHILD, "instance `%s` could not be started", name) : status;
}
