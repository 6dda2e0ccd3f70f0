/*
 * hostagent/drivers/fake/runtime.c - the machine that only plays one (providers/drivers/fake/machine.c), for tests.
 *
 * A line to its control socket, and a line back. It says itself when its guest is ready: there is no ssh.
 */
#include "hostagent/machine/runtime.h"

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "hostagent/agent.h"
#include "hostagent/drivers/external/runtime.h"
#include "hostagent/drivers/fake/fake.h"
#include "hostagent/machine/question.h"
#include "providers/pidfile.h"

enum { ANSWER_MS = 5000 };

static void
fake_ask_if_up(struct agent *a, runtime_done *done)
{
	question_ask(a, a->launch.machine.control, "up\n", ANSWER_MS, done, NULL);
}

static void
fake_runtime_press_button(struct agent *a, runtime_done *done)
{
	question_ask(a, a->launch.machine.control, "button\n", ANSWER_MS, done, NULL);
}

static void
fake_runtime_quit(struct agent *a, runtime_done *done)
{
	question_ask(a, a->launch.machine.control, "quit\n", ANSWER_MS, done, NULL);
}

static void
fake_ask_standstill(struct agent *a, runtime_standstill *done)
{
	question_ask(a, a->launch.machine.control, "stand\n", ANSWER_MS, NULL, done);
}

static void
fake_runtime_resume(struct agent *a, runtime_done *done)
{
	question_ask(a, a->launch.machine.control, "go-on\n", ANSWER_MS, done, NULL);
}

static void
fake_await_guest(struct agent *a, runtime_done *done)
{
	/* The question has no deadline: it ends with the machine. */
	question_ask(a, a->launch.machine.control, "ready\n", 0, done, NULL);
}

static bool
fake_runtime_find(const char *dir, struct process *out)
{
	auto_free char *pidfile = xasprintf("%s/fake.pid", dir), *control = xasprintf("%s/fake.sock", dir);

	if (pidfile_hold(pidfile, out))
		return true;
	return pidfile_leaves_doubt(pidfile, control) && pidfile_search((const char *const[]){ "lima-fake-machine", NULL }, "--pidfile", pidfile, out);
}

static int
fake_runtime_sweep(struct agent *a, struct error *err)
{
	auto_free char *pidfile = xasprintf("%s/fake.pid", a->launch.dir);

	return fs_unlink(pidfile, err) < 0 ? -1 : fs_unlink(a->launch.machine.control, err);
}

static const char *const fake_consoles[] = { "serial.log", NULL };

const struct runtime runtime_fake = {
	.driver = "fake",
	.title = "the fake machine",
	.log = "fake.log",
	.console_logs = fake_consoles,
	.find = fake_runtime_find,
	.sweep = fake_runtime_sweep,
	.ask_if_up = fake_ask_if_up,
	.press_button = fake_runtime_press_button,
	.quit = fake_runtime_quit,
	.ask_standstill = fake_ask_standstill,
	.resume = fake_runtime_resume,
	.await_guest = fake_await_guest,
	.transport = transport_fake,
};

/* The guest of an external driver that plays one is the fake machine's. */
static void
external_await_fake(struct agent *a, runtime_done *done)
{
	auto_free char *socket = xasprintf("%s/fake.sock", a->launch.dir);

	question_ask(a, socket, "ready\n", 0, done, NULL);
}

const struct runtime runtime_external_fake = {
	EXTERNAL_RUNTIME,
	.await_guest = external_await_fake,
	.transport = transport_fake,
};
