/*
 * hostagent/drivers/qemu/runtime.c - QEMU in the host agent: what is asked of it by QMP.
 *
 * QMP serves one client at a time, so nobody sits on it to be told: it is asked.
 */
#include "hostagent/machine/runtime.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "base/auto.h"
#include "hostagent/agent.h"
#include "hostagent/drivers/qemu/qmp.h"
#include "hostagent/drivers/qemu/reach.h"
#include "hostagent/drivers/qemu/vnc.h"
#include "providers/drivers/qemu/proc.h"

enum { QMP_MS = 5000, LOOK_MS = 2000, STATE_MS = 500 };

/* The devices that carry the boot and virtio consoles log. */
static const char *const qemu_consoles[] = { "serial.log", "serialp.log", "serialv.log", NULL };

static bool
qemu_find_running(const char *dir, struct process *out)
{
	return qemu_process(dir, true, out);
}

static int
qemu_sweep_all(struct agent *a, struct error *err)
{
	return qemu_sweep(a->launch.dir, err);
}

static void
on_heard(struct agent *a, const cJSON *answer, const struct error *e, const struct qmp_then *then)
{
	then->heard(a, answer ? NULL : e);
}

static void
qemu_ask_if_up(struct agent *a, runtime_done *done)
{
	qmp_send(a, "query-status", NULL, QMP_MS, (struct qmp_then){ .done = on_heard, .heard = done });
}

static void
on_awake(struct agent *a, const cJSON *answer, const struct error *e, const struct qmp_then *then)
{
	(void)answer, (void)e;
	qmp_send(a, "system_powerdown", NULL, QMP_MS, (struct qmp_then){ .done = on_heard, .heard = then->heard });
}

/* A guest whose machine is paused does not hear the button. */
static void
qemu_runtime_press_button(struct agent *a, runtime_done *done)
{
	qmp_send(a, "cont", NULL, QMP_MS, (struct qmp_then){ .done = on_awake, .heard = done });
}

static void
qemu_runtime_quit(struct agent *a, runtime_done *done)
{
	qmp_send(a, "quit", NULL, QMP_MS, (struct qmp_then){ .done = on_heard, .heard = done });
}

static void
on_rx_filter(struct agent *a, const cJSON *answer, const struct error *e, const struct qmp_then *then)
{
	(void)e;
	then->told(a, reach_interface(answer));
}

static void
qemu_ask_network(struct agent *a, runtime_told *done)
{
	qmp_send(a, "query-rx-filter", NULL, LOOK_MS, (struct qmp_then){ .done = on_rx_filter, .told = done });
}

static void
on_usernet(struct agent *a, const cJSON *answer, const struct error *e, const struct qmp_then *then)
{
	(void)e;
	then->told(a, reach_usernet(answer));
}

static void
qemu_ask_connection(struct agent *a, runtime_told *done)
{
	qmp_send(a, "human-monitor-command", "{\"command-line\":\"info usernet\"}", LOOK_MS,
		 (struct qmp_then){ .done = on_usernet, .told = done });
}

static void
on_run_state(struct agent *a, const cJSON *answer, const struct error *e, const struct qmp_then *then)
{
	(void)e;
	then->standstill(a, reach_standstill(answer));
}

static void
qemu_ask_standstill(struct agent *a, runtime_standstill *done)
{
	/* whoever asks what runs waits for this, and QEMU may be busy with somebody else */
	qmp_send(a, "query-status", NULL, STATE_MS, (struct qmp_then){ .done = on_run_state, .standstill = done });
}

static void
qemu_runtime_resume(struct agent *a, runtime_done *done)
{
	qmp_send(a, "cont", NULL, LOOK_MS, (struct qmp_then){ .done = on_heard, .heard = done });
}

const struct runtime runtime_qemu = {
	.driver = "qemu",
	.title = "QEMU",
	.log = "qemu.log",
	.console_logs = qemu_consoles,
	.find = qemu_find_running,
	.sweep = qemu_sweep_all,
	.ask_if_up = qemu_ask_if_up,
	.press_button = qemu_runtime_press_button,
	.quit = qemu_runtime_quit,
	.started = vnc_start,
	.ended = vnc_end,
	.ask_network = qemu_ask_network,
	.ask_connection = qemu_ask_connection,
	.ask_standstill = qemu_ask_standstill,
	.resume = qemu_runtime_resume,
};
