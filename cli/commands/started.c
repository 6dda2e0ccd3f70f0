#include "cli/commands/started.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/process.h"
#include "base/quote/quote.h"
#include "cli/view/instance.h"
#include "cli/run.h"
#include "providers/driver.h"
#include "cli/commands/start.h"

/* The text to people: of whoever wrote the template, so nothing in it is for the terminal. */
static void
tell_message(struct cli *c, struct look *l, struct instance *i)
{
	const char *message = instance_message(l, i);
	size_t len = strlen(message);
	AUTO(buf) b = BUF_INIT;

	if (!len)
		return;
	cli_say(&c->env, SAY_INFO, "Message from the instance `%s`:", i->name);
	quote_terminal(&b, message, len);
	if (!b.len || b.s[b.len - 1] != '\n')
		buf_addc(&b, '\n');
	if (c->log_level <= SAY_INFO && write(STDERR_FILENO, b.s, b.len) < 0)
		return;		/* nobody listens any more */
}

void
started_tell(struct cli *c, const char *name)
{
	AUTO(instance) i = { 0 };
	struct look l;

	look_begin(&l, c);
	instance_look(&l, name, &i);
	cli_say(&c->env, SAY_INFO, "SSH Local Port: %d", i.status.ssh_port);
	if (json_true(instance_config(&i, "plain")))
		cli_say(&c->env, SAY_INFO, "READY. Run `ssh -F \"%s/ssh.config\" %s` to open the shell.", i.dir, i.hostname);
	else if (strcmp(name, "default") == 0)
		cli_say(&c->env, SAY_INFO, "READY. Run `lima` to open the shell.");
	else
		cli_say(&c->env, SAY_INFO, "READY. Run `limactl shell %s` to open the shell.", name);
	tell_message(c, &l, &i);
	look_release(&l);
}

void
started_begin(struct cli *c, const char *name, const char *vm_type)
{
	cli_say(&c->env, SAY_INFO, "Starting the instance `%s` with %s VM driver `%s`", name,
		!*vm_type || driver_is_ours(vm_type) ? "internal" : "external", *vm_type ? vm_type : driver_all()[0]->name);
}

int
start_now(struct cli *c, const char *name, struct error *err)
{
	AUTO(instance) i = { 0 };
	AUTO(goals) g = { 0 };
	int status;

	instance_look_one(c, name, &i);
	if (instance_check_known(&i, err) < 0)
		return -1;
	started_begin(c, name, i.vm_type);
	if (goals_add(&g, name, GOAL_RUNNING, NULL, err) < 0)
		return -1;
	status = run_engine(c, &(struct run){ .requests = g.v, .nrequests = g.n, .quiet = true }, err);
	if (status == 0)
		started_tell(c, name);
	return status;
}

int
started_stay(struct cli *c, const char *name, struct error *err)
{
	AUTO(goals) g = { 0 };
	auto_free char *dir = xasprintf("%s/%s", c->env.home, name);
	AUTO(process) agent = { 0 };
	volatile int again = 0;

	if (!ha_process(dir, &agent))
		return error_set(err, ERR_CHILD, "the host agent of instance `%s` is gone; see %s/ha.stderr.log", name, dir);
	cli_catch_signals(c);
	if (process_wait(&agent, -1, c->env.cancel) == 1)
		return 0;
	cli_say(&c->env, SAY_INFO, "Shutting the instance `%s` down", name);
	c->env.cancel = &again;		/* the signal was for the machine, not for its shutting down */
	if (goals_add(&g, name, GOAL_STOPPED, NULL, err) < 0)
		return -1;
	return run_engine(c, &(struct run){ .requests = g.v, .nrequests = g.n, .quiet = true }, err);
}
