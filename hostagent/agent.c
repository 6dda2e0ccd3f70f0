#include "hostagent/agent.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"

const char *
agent_phase_name(enum phase p)
{
	static const char *const names[] = { "starting", "running", "degraded", "stopping" };

	return names[p];
}

static void
set_phase(struct agent *a, enum phase p)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	a->phase = p;
	a->since_ms = now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void
clear_errors(struct agent *a)
{
	while (a->nerrors)
		free(a->errors[--a->nerrors]);
}

static void
add_error(struct agent *a, const char *why)
{
	log_error("%s", why);
	GROW(a->errors, a->nerrors, a->errors_cap);
	a->errors[a->nerrors++] = xstrdup(why);
}

/* What needs the guest goes before the guest does. */
static void
take_down(struct agent *a)
{
	require_free(a);
	forwards_free(a);
	names_free(a);
	mux_free(a);
}

static void
on_signal(uv_signal_t *s, int number)
{
	struct agent *a = s->data;

	if (a->phase == PHASE_STOPPING)
		return;
	log_info("received signal %d (%s): stopping the machine", number, strsignal(number));
	set_phase(a, PHASE_STOPPING);
	api_phase_changed(a);
	take_down(a);
	machine_stop(a);
}

void
agent_machine_up(struct agent *a)
{
	struct error e;

	if (api_start(a, &e) < 0) {
		add_error(a, e.msg);
		a->exit_status = 1;
		set_phase(a, PHASE_STOPPING);
		machine_stop(a);
		return;
	}
	event_booting(a);
	names_start(a);
	mux_start(a);
	require_start(a);
}

void
agent_machine_gone(struct agent *a, const char *why)
{
	set_phase(a, PHASE_STOPPING);
	if (why) {
		add_error(a, why);
		a->exit_status = 1;
	}
	event_exiting(a);
	api_phase_changed(a);
	take_down(a);
	api_free(a);
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&a->signals[i], NULL);
}

void
agent_ready(struct agent *a)
{
	if (a->phase == PHASE_STOPPING)
		return;
	clear_errors(a);
	set_phase(a, PHASE_RUNNING);
	log_info("the guest is ready");
	event_running(a);
	api_phase_changed(a);
	trim_memory();
}

void
agent_degraded(struct agent *a, const char *why)
{
	if (a->phase == PHASE_STOPPING)
		return;
	add_error(a, why);
	set_phase(a, PHASE_DEGRADED);
	event_running(a);
	api_phase_changed(a);
}

int
agent_run(struct agent *a, struct error *err)
{
	static const int numbers[] = { SIGINT, SIGTERM };
	struct error e;
	int r = uv_loop_init(&a->loop);

	if (r < 0)
		return error_set(err, -r, "event loop: %s", uv_strerror(r));
	set_phase(a, PHASE_STARTING);
	for (size_t i = 0; i < 2; i++) {
		uv_signal_init(&a->loop, &a->signals[i]);
		a->signals[i].data = a;
		uv_signal_start(&a->signals[i], on_signal, numbers[i]);
	}
	if (machine_start(a, &e) < 0)
		agent_machine_gone(a, e.msg);
	uv_run(&a->loop, UV_RUN_DEFAULT);
	machine_free(a);
	r = uv_loop_close(&a->loop);
	if (r < 0)
		log_error("event loop: %s", uv_strerror(r));
	clear_errors(a);
	free(a->errors);
	return 0;
}
