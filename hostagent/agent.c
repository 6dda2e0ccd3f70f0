#include "hostagent/agent.h"
#include "hostagent/machine/runtime.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/confinement.h"
#include "hostagent/helper/helper.h"

/* Errors that concern the machine as a whole have this name. */
#define BOOT "boot"

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

/* Those of a name; NULL: all. */
static void
clear_errors(struct agent *a, const char *id)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->nerrors; i++) {
		struct agent_error *e = &a->errors[i];

		if (id && strcmp(e->id, id) != 0) {
			a->errors[kept++] = *e;
			continue;
		}
		free(e->id);
		free(e->text);
	}
	a->nerrors = kept;
}

static void
agent_add_error(struct agent *a, const char *id, const char *why)
{
	log_error("%s", why);
	GROW(a->errors, a->nerrors, a->errors_cap);
	a->errors[a->nerrors++] = (struct agent_error){ xstrdup(id), xstrdup(why) };
}

/* What needs the guest goes before the guest does. */
static void
agent_take_down(struct agent *a)
{
	console_free(a);
	standstill_free(a);
	require_free(a);
	guest_files_free(a);
	commands_free(a);
	copies_free(a);
	forwards_free(a);
	names_free(a);
	clock_free(a);
	logs_free(a);
	mounts_free(a);
	ga_free(a);
	mux_free(a);
}

static void
agent_on_signal(uv_signal_t *s, int number)
{
	struct agent *a = s->data;

	if (a->phase == PHASE_STOPPING)
		return;
	log_info("received signal %d (%s): stopping the machine", number, strsignal(number));
	set_phase(a, PHASE_STOPPING);
	api_phase_changed(a);
	agent_take_down(a);
	machine_stop(a);
}

/* What the errors make of a guest that has booted, or will not in time; said to all who want to know. */
static void
agent_settle(struct agent *a)
{
	set_phase(a, a->nerrors ? PHASE_DEGRADED : PHASE_RUNNING);
	event_running(a);
	api_phase_changed(a);
}

void
agent_machine_up(struct agent *a)
{
	struct error e;

	if (api_start(a, &e) < 0) {
		agent_add_error(a, BOOT, e.msg);
		a->exit_status = 1;
		set_phase(a, PHASE_STOPPING);
		machine_stop(a);
		return;
	}
	event_booting(a);
	if (a->runtime->started)
		a->runtime->started(a);
	names_start(a);
	mux_start(a);
	require_start(a);
	ga_start(a);
	mounts_start(a);
	console_start(a);
	standstill_start(a);
	clock_start(a);
	logs_start(a);
}

void
agent_machine_gone(struct agent *a, const char *why)
{
	set_phase(a, PHASE_STOPPING);
	if (why) {
		agent_add_error(a, BOOT, why);
		a->exit_status = 1;
	}
	event_exiting(a);
	api_phase_changed(a);
	agent_take_down(a);
	api_free(a);
	for (size_t i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&a->signals[i], NULL);
}

void
agent_ready(struct agent *a)
{
	if (a->phase == PHASE_STOPPING)
		return;
	console_free(a);
	standstill_free(a);
	clear_errors(a, BOOT);
	log_info("the guest is ready");
	/* The changes of copies came while the guest booted. */
	if (a->launch.ncopies)
		copies_start(a);
	agent_settle(a);
	trim_memory();
}

void
agent_degraded(struct agent *a, const char *why)
{
	if (a->phase == PHASE_STOPPING)
		return;
	agent_add_error(a, BOOT, why);
	agent_settle(a);
}

void
agent_waits_again(struct agent *a)
{
	if (a->phase != PHASE_DEGRADED)
		return;
	clear_errors(a, BOOT);
	set_phase(a, PHASE_STARTING);
}

static const char *
error_text(const struct agent *a, const char *id)
{
	for (size_t i = 0; i < a->nerrors; i++)
		if (strcmp(a->errors[i].id, id) == 0)
			return a->errors[i].text;
	return NULL;
}

void
agent_trouble(struct agent *a, const char *id, const char *why)
{
	const char *was = error_text(a, id);

	if (a->phase == PHASE_STOPPING || (!was && !why) || (was && why && strcmp(was, why) == 0))
		return;
	if (was && !why)
		log_info("over: %s", was);
	clear_errors(a, id);
	if (why)
		agent_add_error(a, id, why);
	/* A guest that boots stays in that phase. */
	if (a->phase != PHASE_STARTING)
		agent_settle(a);
}

static const int end_signals[] = { SIGINT, SIGTERM };

void
agent_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(end_signals); i++)
		sigaddset(&set, end_signals[i]);
	sigprocmask(how, &set, NULL);
}

void
agent_chunk(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct agent *a = (struct agent *)h->loop;

	(void)size;
	*b = uv_buf_init(a->chunk, sizeof a->chunk);
}

int
agent_run(struct agent *a, struct error *err)
{
	struct error gone;
	int r;

	a->runtime = runtime_find(a->launch.machine.driver);
	if (!a->runtime)
		return error_set(err, ERR_UNSUPPORTED, "this host agent has no driver `%s`", a->launch.machine.driver);
	machine_find(a);
	if (helper_start(a, err) < 0) {
		machine_free(a);
		return -1;
	}
	machine_prepare(a);
	if (a->confine && agent_confine(a, err) < 0) {
		helper_end(a);
		machine_free(a);
		return -1;
	}
	r = uv_loop_init(&a->loop);
	if (r < 0)
		return error_set(err, -r, "event loop: %s", uv_strerror(r));
	set_phase(a, PHASE_STARTING);
	for (size_t i = 0; i < 2; i++) {
		uv_signal_init(&a->loop, &a->signals[i]);
		a->signals[i].data = a;
		uv_signal_start(&a->signals[i], agent_on_signal, end_signals[i]);
	}
	agent_signals(SIG_UNBLOCK);
	machine_start(a);
	uv_run(&a->loop, UV_RUN_DEFAULT);
	machine_free(a);
	if (a->pidfile_path && own_file_remove(a, a->pidfile_path, &gone) < 0)
		log_warning("%s", gone.msg);
	helper_end(a);
	r = uv_loop_close(&a->loop);
	if (r < 0)
		log_error("event loop: %s", uv_strerror(r));
	clear_errors(a, NULL);
	free(a->errors);
	free(a->still);
	return 0;
}
