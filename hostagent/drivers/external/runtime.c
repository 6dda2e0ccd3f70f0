/*
 * hostagent/drivers/external/runtime.c - the driver of somebody else in the host agent: by lima-drive, which speaks with it.
 *
 * So the agent reads nothing that such a driver says. It is told in lines (drivers/drive/control.c).
 */
#include "hostagent/drivers/external/runtime.h"

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "hostagent/agent.h"
#include "hostagent/machine/question.h"
#include "providers/drivers/external/external.h"

enum { ANSWER_MS = 5000, LOOK_MS = 1000 };

bool
external_runtime_find(const char *dir, struct process *out)
{
	return external_find_drive(dir, true, out);
}

int
external_runtime_sweep(struct agent *a, struct error *err)
{
	auto_free char *pidfile = xasprintf("%s/" EXTERNAL_PID, a->launch.dir);

	return fs_unlink(pidfile, err) < 0 ? -1 : fs_unlink(a->launch.machine.control, err);
}

void
external_ask_if_up(struct agent *a, runtime_done *done)
{
	question_ask(a, a->launch.machine.control, "up\n", LOOK_MS, done, NULL);
}

void
external_runtime_press_button(struct agent *a, runtime_done *done)
{
	question_ask(a, a->launch.machine.control, "button\n", ANSWER_MS, done, NULL);
}

void
external_runtime_quit(struct agent *a, runtime_done *done)
{
	question_ask(a, a->launch.machine.control, "quit\n", ANSWER_MS, done, NULL);
}

const char *const external_consoles[] = { "serial.log", "serialp.log", "serialv.log", NULL };

const struct runtime runtime_external = { EXTERNAL_RUNTIME };
