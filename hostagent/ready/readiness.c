/*
 * hostagent/ready/readiness.c - what must be so before the guest is called ready.
 *
 * The conditions are in readiness_checks.h. Upstream asks for each again and again, over a new connection every three seconds. Here
 * one script waits in the guest, and says a number as each condition comes
 * true; only the probes, which are the user's, are run again when they fail.
 *
 * When time is up the instance is called degraded, with the reason, and the
 * waiting goes on: a slow guest becomes ready after all. Time is not up yet for a guest that
 * still gets on: whose console says something new, or of which a condition came true.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/machine/runtime.h"
#include "hostagent/ready/readiness_checks.h"
#include "hostagent/ready/readiness_told.h"
#include "providers/ssh/ssh_exec.h"
#include "providers/ssh/ssh_link.h"

enum {
	PROBE_AGAIN_MS = 1000,
	AGENT_MS = 60000,	/* for the guest agent, once nothing else is missing */
	TELL_MS = 15000,	/* for a guest agent to tell how far the boot is; then it is asked for by SSH */
	WATCH_AGAIN_MS = 1000,
	QUIET_PART = 4,		/* a guest that has done nothing for this part of its time does not get on */
	AT_MOST = 3,		/* so many times its time has one that does */
	FUTILE_MS = 60000,	/* for probes, when a script that they may wait for the work of has failed */
	WRONG_MAX = 1000,	/* of what went wrong, so many bytes and a line are enough */
};

struct require {
	struct mux_user user;
	struct agent *agent;
	struct require_items list;
	struct readiness_told told;

	struct ssh_exec watch;	/* the script that waits; command NULL: it does not run */
	size_t seen;		/* of what it said */
	size_t probe;		/* the one whose turn it is */
	struct ssh_exec run;
	char last[256];		/* what a failing probe said */
	bool wrong_else;	/* ... and some of that is no script, file or edit of `provision` */
	struct buf wrong;	/* what went wrong in the guest, though it is there */
	bool done;
	bool futile;		/* a boot script failed, and only probes are missing: their time is short */
	uint64_t since, moved;	/* waited since, and the last condition that came true, in the loop's time */
	uint64_t limit;		/* ms */
	uv_timer_t again, probe_again, deadline, agent_wait;
	int open;
};

const char *
require_waiting_for(struct agent *a)
{
	const struct item *it = a->require ? require_pending(&a->require->list) : NULL;

	return it ? it->what : "";
}

struct cJSON *
require_list(struct agent *a)
{
	return a->require ? require_conditions(&a->require->list, a->require->last) : NULL;
}

size_t
require_settled_count(struct agent *a)
{
	return a->require ? require_count_settled(&a->require->list) : 0;
}

bool
require_only_scripts(const struct agent *a)
{
	const struct require *r = a->require;

	return r && r->done && a->nerrors == 1 && r->wrong.len && !r->wrong_else && !require_any_failed(&r->list);
}

bool
require_usable(struct agent *a)
{
	return a->require && require_essential_settled(&a->require->list);
}

static void readiness_on_deadline(uv_timer_t *t);

/* `by`: "", or words for who has told */
static void
readiness_met_by(struct require *r, struct item *it, const char *by)
{
	if (it->met)
		return;
	it->met = true;
	it->met_ms = uv_now(&r->agent->loop) - r->since;
	it->failed = false;
	r->moved = uv_now(&r->agent->loop);
	log_info("%s requirement is satisfied: %s%s", it->group, it->what, by);
	/* Others wait for this requirement. */
	mux_kick(r->agent);
	api_conditions_changed(r->agent);
}

static void
readiness_met(struct require *r, struct item *it)
{
	readiness_met_by(r, it, "");
}

/* One that will never be met: said at once, and waited for no more. */
static void
readiness_failed(struct require *r, struct item *it, const char *reason)
{
	auto_free char *why = xasprintf("%s requirement cannot be met: %s (%s)", it->group, it->what, *reason ? reason : it->hint);

	it->failed = true;
	agent_degraded(r->agent, why);
	api_conditions_changed(r->agent);
}

static void
stop_execs(struct require *r, struct ssh_link *l)
{
	ssh_exec_release(&r->watch, l);
	ssh_exec_release(&r->run, l);
	r->seen = 0;
}

static void
finish_if_done(struct require *r, struct ssh_link *l)
{
	if (r->done || require_pending(&r->list))
		return;
	r->done = true;
	stop_execs(r, l);
	mux_remove(&r->user);
	uv_timer_stop(&r->again);
	uv_timer_stop(&r->probe_again);
	uv_timer_stop(&r->deadline);
	uv_timer_stop(&r->agent_wait);
	if (require_any_failed(&r->list))
		return;
	if (r->wrong.len)
		agent_degraded(r->agent, arena_printf(&r->list.mem, "provisioning: %s (see /var/log/cloud-init-output.log in the guest)",
						      r->wrong.s));
	else
		agent_ready(r->agent);
}

/* What the guest says, cut to a part of a message; in the arena. */
static const char *
reason_of(struct require *r, const char *said)
{
	char *copy = arena_printf(&r->list.mem, "%.300s", said + strspn(said, " "));

	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = ' ';
	return copy;
}

static void
readiness_wrong(struct require *r, const char *line)
{
	/* Those are things of their own for limactl, which knows what came of each. */
	r->wrong_else |= strncmp(line, "provision.", 10) != 0;
	if (r->wrong.len < WRONG_MAX)
		buf_addf(&r->wrong, "%s%s", r->wrong.len ? "; " : "", reason_of(r, line));
}

static void
read_watch(struct require *r)
{
	char *nl;

	while ((nl = memchr(r->watch.out.s + r->seen, '\n', r->watch.out.len - r->seen))) {
		const char *line = r->watch.out.s + r->seen;
		size_t i;
		int end = 0;

		*nl = '\0';
		if (sscanf(line, "met %zu%n", &i, &end) == 1 && i < r->list.nitems && !line[end])
			readiness_met(r, &r->list.items[i]);
		else if (sscanf(line, "never %zu%n", &i, &end) == 1 && i < r->list.nitems)
			readiness_failed(r, &r->list.items[i], reason_of(r, line + end));
		else if (strncmp(line, "wrong ", 6) == 0)
			readiness_wrong(r, line + 6);
		r->seen = (size_t)(nl + 1 - r->watch.out.s);
	}
}

static void
readiness_on_again(uv_timer_t *t)
{
	struct require *r = t->data;

	mux_kick(r->agent);
}

static void
step_watch(struct require *r, struct ssh_link *l)
{
	struct error e;
	int n;

	if (!r->watch.command && (!require_script_needed(&r->list) || uv_is_active((uv_handle_t *)&r->again)))
		return;
	if (!r->watch.command) {
		buf_truncate(&r->wrong, 0);
		r->wrong_else = false;
		r->watch.command = require_script(&r->list, r->agent->launch.guest.iid);
	}
	n = ssh_exec_step(&r->watch, l, &e);
	read_watch(r);
	if (n == 0)
		return;
	/* A requirement that was interrupted begins anew. */
	if (require_script_needed(&r->list)) {
		log_debug("the waiting script has ended%s%s", n < 0 ? ": " : "", n < 0 ? e.msg : "");
		uv_timer_start(&r->again, readiness_on_again, WATCH_AGAIN_MS, 0);
	}
	ssh_exec_release(&r->watch, l);
	r->seen = 0;
}

static void
step_probe(struct require *r, struct ssh_link *l)
{
	struct item *it;
	struct error e;
	int n;

	while (r->probe < r->list.nprobes && require_settled(&r->list.probes[r->probe]))
		r->probe++;
	if (r->probe == r->list.nprobes || !require_essential_settled(&r->list) || uv_is_active((uv_handle_t *)&r->probe_again))
		return;
	it = &r->list.probes[r->probe];
	if (!it->command)
		it->command = require_probe_command(&r->list, it->probe->script);
	r->run.command = it->command;
	r->run.input = it->probe->script;
	r->run.input_len = strlen(it->probe->script);
	n = ssh_exec_step(&r->run, l, &e);
	if (n == 0)
		return;
	if (n == 1)
		it->status = r->run.status;
	if (n == 1 && r->run.status == 0)
		readiness_met(r, it);
	else
		snprintf(r->last, sizeof r->last, "%.*s", (int)sizeof r->last - 1, n < 0 ? e.msg : r->run.err.s);
	ssh_exec_release(&r->run, l);
	uv_timer_start(&r->probe_again, readiness_on_again, it->met ? 0 : PROBE_AGAIN_MS, 0);
}

/* They begin with the boot, and come last. */
static void
look_at_mounts(struct require *r)
{
	for (size_t i = 1; i < r->list.nitems; i++)
		if (r->list.items[i].mounts && require_settled(&r->list.items[i - 1]) && !mounts_busy(r->agent))
			readiness_met(r, &r->list.items[i]);
}

static void
on_agent_missing(uv_timer_t *t)
{
	struct require *r = t->data;

	for (size_t i = 0; i < r->list.nitems; i++)
		if (r->list.items[i].agent && !require_settled(&r->list.items[i]))
			readiness_failed(r, &r->list.items[i], "");
	finish_if_done(r, mux_link(r->agent));
}

/* Nothing else is missing: it has a minute. */
static void
hurry_agent(struct require *r)
{
	bool agent = false;

	for (size_t i = 0; i < r->list.nitems; i++) {
		const struct item *it = &r->list.items[i];

		if (!require_settled(it) && !it->agent && !it->copies)
			return;
		agent |= it->agent && !require_settled(it);
	}
	for (size_t k = 0; k < r->list.nprobes; k++)
		if (!require_settled(&r->list.probes[k]))
			return;
	if (agent && !uv_is_active((uv_handle_t *)&r->agent_wait))
		uv_timer_start(&r->agent_wait, on_agent_missing, AGENT_MS, 0);
}

/* All scripts have run, one of them failed, and a probe is not content: it hardly will be. */
static void
hurry_probes(struct require *r)
{
	const struct item *it = require_pending(&r->list);

	if (r->futile || !r->wrong.len || !it || !it->probe)
		return;
	r->futile = true;
	if (uv_timer_get_due_in(&r->deadline) > FUTILE_MS)
		uv_timer_start(&r->deadline, readiness_on_deadline, FUTILE_MS, 0);
}

static void
look_at_copies(struct require *r)
{
	const struct item *last = &r->list.items[r->list.nitems - 1];

	if (last->copies && require_pending(&r->list) == last)
		copies_start(r->agent);
}

void
require_copies_done(struct agent *a)
{
	struct require *r = a->require;

	for (size_t i = 0; r && i < r->list.nitems; i++)
		if (r->list.items[i].copies)
			readiness_met(r, &r->list.items[i]);
	if (r)
		finish_if_done(r, mux_link(a));
}

static void
readiness_on_step(struct mux_user *u, struct ssh_link *l)
{
	struct require *r = (struct require *)u;

	readiness_met(r, &r->list.items[0]);
	step_watch(r, l);
	step_probe(r, l);
	look_at_mounts(r);
	hurry_agent(r);
	hurry_probes(r);
	look_at_copies(r);
	finish_if_done(r, l);
}

static void
readiness_on_lost(struct mux_user *u, const struct error *why)
{
	(void)why;
	stop_execs((struct require *)u, NULL);
}

/* Has it more time? Then the timer comes again when that is over. */
static bool
gets_on(struct require *r)
{
	uint64_t now = uv_now(&r->agent->loop), console = console_moved(r->agent), end = r->since + AT_MOST * r->limit;
	uint64_t until = (console > r->moved ? console : r->moved) + r->limit / QUIET_PART;

	until = until < end ? until : end;
	if (until <= now)
		return false;
	uv_timer_start(&r->deadline, readiness_on_deadline, until - now, 0);
	return true;
}

static void
readiness_on_deadline(uv_timer_t *t)
{
	struct require *r = t->data;
	struct agent *a = r->agent;
	const struct item *it = require_pending(&r->list);
	AUTO(buf) why = BUF_INIT;

	if (!r->futile && gets_on(r))
		return;
	if (r->wrong.len)
		buf_addf(&why, "provisioning: %s (see /var/log/cloud-init-output.log in the guest); ", r->wrong.s);
	buf_addf(&why, "not ready after %d s: still waiting for %s requirement \"%s\" (%s)", (int)((uv_now(&a->loop) - r->since) / 1000),
		 it->group, it->what, it->hint);
	if (it->probe && *r->last)
		buf_addf(&why, "; the probe said: %s", r->last);
	else if (*mux_trouble(a))
		buf_addf(&why, "; %s", mux_trouble(a));
	if (console_wrote(a) > console_moved(a) + r->limit / QUIET_PART)
		buf_addf(&why, "; its console has only repeated itself for the last %d s", (int)((uv_now(&a->loop) - console_moved(a)) / 1000));
	for (char *p = why.s; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	tail_add_serial(a, &why);
	agent_degraded(a, why.s);
}

void
require_reload(struct agent *a, const struct launch *l)
{
	struct require *r = a->require;

	/* Of a guest that has booted limactl asks them itself. */
	if (!r || r->done || a->runtime->await_guest)
		return;
	ssh_exec_release(&r->run, mux_link(a));
	require_probes(&r->list, l->probes, l->nprobes);
	r->probe = 0;
	r->last[0] = '\0';
	api_conditions_changed(a);
	mux_kick(a);
}

void
require_agent_up(struct agent *a)
{
	struct require *r = a->require;

	for (size_t i = 0; r && i < r->list.nitems; i++)
		if (r->list.items[i].agent)
			readiness_met(r, &r->list.items[i]);
	if (!r)
		return;
	if (r->done && a->phase == PHASE_DEGRADED && !require_any_failed(&r->list))
		agent_ready(a);
	finish_if_done(r, mux_link(a));
}

/* --- what the guest agent tells --- */

/* All that went wrong is in what it tells, and some of it may have been heard by SSH. */
static void
readiness_told_errors(struct require *r)
{
	buf_truncate(&r->wrong, 0);
	r->wrong_else = false;
	for (const char *p = r->told.boot.errors; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		auto_free char *line = xstrndup(p, strcspn(p, "\n"));

		readiness_wrong(r, line);
	}
}

static void
readiness_hear(struct require *r)
{
	for (size_t i = 0; i < r->list.nitems; i++) {
		struct item *it = &r->list.items[i];

		if (require_settled(it) || !readiness_told_meets(&r->told, it, r->agent->launch.guest.iid))
			continue;
		if (it->errors)
			readiness_told_errors(r);
		readiness_met_by(r, it, ", as the guest agent tells");
	}
	finish_if_done(r, mux_link(r->agent));
}

void
require_boot_told(struct agent *a, const struct ga_boot *boot)
{
	if (!a->require || a->require->done)
		return;
	a->require->told.boot = *boot;
	readiness_hear(a->require);
}

void
require_ports_told(struct agent *a, const struct ga_ports *added)
{
	if (!a->require || a->require->done || !readiness_told_sshd(added))
		return;
	a->require->told.sshd = true;
	readiness_hear(a->require);
}

/* What has been met stays so. */
void
require_untold(struct agent *a)
{
	struct require *r = a->require;

	if (!r || r->done || !r->told.counts)
		return;
	r->told.counts = false;
	if (!r->user.mux)
		mux_add(a, &r->user);
}

static void
readiness_on_untold(uv_timer_t *t)
{
	struct require *r = t->data;

	require_untold(r->agent);
}

/* Of a driver that knows by itself. */
static void
on_guest(struct agent *a, const struct error *e)
{
	struct require *r = a->require;

	/* The end of the machine ends this, too. */
	if (!r || (e && e->code == ECONNRESET))
		return;
	if (e)
		readiness_failed(r, &r->list.items[0], e->msg);
	else
		readiness_met(r, &r->list.items[0]);
	finish_if_done(r, NULL);
}

static void
wait_until(struct require *r, int timeout_ms)
{
	r->since = uv_now(&r->agent->loop);
	r->limit = (uint64_t)timeout_ms;
	uv_timer_start(&r->deadline, readiness_on_deadline, r->limit, 0);
}

void
require_wait_anew(struct agent *a, int timeout_ms)
{
	struct require *r = a->require;

	/* A decision that was made does not depend on the time any more. */
	if (!r || r->done || require_any_failed(&r->list) || console_told(a))
		return;
	wait_until(r, timeout_ms);
	agent_waits_again(a);
}

void
require_start(struct agent *a)
{
	struct require *r = a->require = xcalloc(1, sizeof *r);
	uv_timer_t *timers[] = { &r->again, &r->probe_again, &r->deadline, &r->agent_wait };

	r->agent = a;
	r->user.step = readiness_on_step;
	r->user.lost = readiness_on_lost;
	r->watch = r->run = (struct ssh_exec)SSH_EXEC_INIT;
	r->wrong = (struct buf)BUF_INIT;
	require_items(&r->list, &a->launch, a->runtime->await_guest != NULL);
	for (size_t i = 0; i < ARRAY_LEN(timers); i++) {
		uv_timer_init(&a->loop, timers[i]);
		timers[i]->data = r;
	}
	r->open = ARRAY_LEN(timers);
	wait_until(r, a->launch.boot_timeout_ms);
	r->told.counts = (a->launch.machine.resumes || a->launch.machine.restored) && *a->launch.guest.agent_socket;
	if (a->runtime->await_guest)
		a->runtime->await_guest(a, on_guest);
	else if (readiness_needs_ssh(&r->told, &r->list))
		mux_add(a, &r->user);
	else
		uv_timer_start(&r->agent_wait, readiness_on_untold, TELL_MS, 0);
	log_info("waiting for %s", require_waiting_for(a));
}

static void
readiness_on_closed(uv_handle_t *h)
{
	struct require *r = h->data;

	if (--r->open)
		return;
	arena_release(&r->list.mem);
	buf_release(&r->wrong);
	free(r);
}

void
require_free(struct agent *a)
{
	struct require *r = a->require;

	if (!r)
		return;
	a->require = NULL;
	stop_execs(r, mux_link(a));
	mux_remove(&r->user);
	uv_close((uv_handle_t *)&r->again, readiness_on_closed);
	uv_close((uv_handle_t *)&r->probe_again, readiness_on_closed);
	uv_close((uv_handle_t *)&r->deadline, readiness_on_closed);
	uv_close((uv_handle_t *)&r->agent_wait, readiness_on_closed);
}
