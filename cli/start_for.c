#include "cli/start_for.h"

#include "base/auto.h"
#include "cli/run.h"

int
start_for(struct cli *c, const char *name, struct error *err)
{
	AUTO(goals) g = { 0 };

	if (goals_add_instance(c, &g, name, GOAL_RUNNING, NULL, err) < 0)
		return -1;
	return run_engine(c, &(struct run){ .asks = g.v, .nasks = g.n, .quiet = true }, err) == 0 ? 0 : -1;
}
