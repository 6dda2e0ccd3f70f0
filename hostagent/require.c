/*
 * hostagent/require.c - what must be so before the guest is called ready.
 *
 * Three groups, as upstream has them: essential (it can be worked with),
 * optional (probes of the user, containerd), final (the boot scripts are through). Upstream
 * asks for each again and again, over a new connection every three seconds. Here
 * one script waits in the guest, and says a number as each condition comes
 * true; only the probes, which are the user's, are run again when they fail.
 *
 * When time is up the instance is called degraded, with the reason, and the
 * waiting goes on: a slow guest becomes ready after all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "providers/mount_check.h"
#include "providers/ssh_exec.h"
#include "providers/ssh_link.h"

enum {
	PROBE_AGAIN_MS = 1000,
	AGENT_MS = 60000,	/* for the guest agent, once nothing else is missing */
	WATCH_AGAIN_MS = 1000,
	WRONG_MAX = 1000,	/* of what went wrong, so many bytes and a line are enough */
};

struct item {
	const char *group, *what, *hint;
	const char *marker;	/* a file that must hold the instance id; or */
	const char *condition;	/* a command of a POSIX shell that must succeed; or neither: a probe, or the connection */
	const struct launch_probe *probe;
	const char *command;	/* the probe's, once it was made */
	bool agent;		/* the guest agent must have answered */
	bool copies;		/* copyToHost is done, when nothing else is missing */
	bool once;		/* a condition that will not change: no waiting for it */
	bool mounts;		/* the mounts that limactl put are settled, one way or the other */
	const char *errors;	/* a file with a line for each thing that went wrong until `marker` was there */
	const char *check;	/* definitions of a function `shared`, which must succeed, or says why not in $why */
	bool met, failed;
};

struct require {
	struct mux_user user;
	struct agent *agent;
	struct item items[12];
	struct item *probes;	/* behind the items of the table, before the last */
	size_t nitems, nprobes;
	struct arena mem;

	struct ssh_exec watch;	/* the script that waits; command NULL: it does not run */
	size_t seen;		/* of what it said */
	size_t probe;		/* the one whose turn it is */
	struct ssh_exec run;
	char last[256];		/* what a failing probe said */
	struct buf wrong;	/* what went wrong in the guest, though it is there */
	bool done;
	uv_timer_t again, probe_again, deadline, agent_wait;
	int open;
};

static bool
is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void
add(struct require *r, struct item it)
{
	r->items[r->nitems++] = it;
}

static const char *
folders(struct require *r, const struct launch *l)
{
	AUTO(buf) b = BUF_INIT;

	mount_check_define(&b, l->mounts, l->nmounts);
	return arena_strdup(&r->mem, b.s);
}

/* reference: agents.md, requirements; the order is that of checking */
static void
make_items(struct require *r, const struct launch *l)
{
	bool linux_guest = is(l->guest.os, "Linux") && !l->guest.plain;
	const char *run = is(l->guest.os, "Linux") ? "/run" : "/var/run";

	add(r, (struct item){ .group = "essential", .what = "ssh",
			      .hint = "is the port taken, or the key protected by a passphrase?" });
	if (linux_guest)
		add(r, (struct item){ "essential", "user session is ready for ssh", "the boot scripts write /etc/environment",
				      .marker = "/run/lima-ssh-ready" });
	if (linux_guest && l->guest.sshfs) {
		add(r, (struct item){ "essential", "sshfs binary to be installed", "see /var/log/cloud-init-output.log in the guest",
				      .condition = "command -v sshfs" });
		add(r, (struct item){ "essential", "fuse to allow_other as user", "the boot scripts edit /etc/fuse.conf",
				      .marker = "/run/lima-fuse-ready" });
	}
	if (linux_guest && l->guest.containerd) {
		add(r, (struct item){ "optional", "systemd must be available", "disable containerd for a guest without systemd",
				      .condition = "command -v systemctl", .once = true });
		add(r, (struct item){ "optional", "containerd binaries to be installed",
				      "see /var/log/cloud-init-output.log in the guest",
				      .condition = arena_printf(&r->mem, "command -v nerdctl || test -x %s/bin/nerdctl",
								l->guest.install_prefix) });
	}
	if (*l->guest.agent_socket)
		add(r, (struct item){ "optional", "guest agent must be running", "see its log in the guest: journalctl -u lima-guestagent, "
				      "or /var/log/lima-guestagent.log", .agent = true });
	r->probes = arena_alloc(&r->mem, (l->nprobes + 1) * sizeof *r->probes);
	for (size_t i = 0; i < l->nprobes; i++)
		r->probes[r->nprobes++] = (struct item){ "optional", l->probes[i].description, l->probes[i].hint,
							 .probe = &l->probes[i] };
	if (!is(l->guest.os, "Windows"))
		add(r, (struct item){ "final", "boot scripts must have finished", "see /var/log/cloud-init-output.log in the guest",
				      .marker = arena_printf(&r->mem, "%s/lima-boot-done", run),
				      .errors = arena_printf(&r->mem, "%s/lima-boot-errors", run) });
	if (linux_guest && l->guest.sshfs)
		add(r, (struct item){ "final", "shared folders to be mounted", "see ha.stderr.log", .mounts = true });
	else if (linux_guest && l->nmounts)
		add(r, (struct item){ "final", "shared folders to be mounted", "mounts in lima.yaml", .check = folders(r, l) });
	if (l->ncopies)
		add(r, (struct item){ "final", "files to be copied to the host", "see copyToHost and ha.stderr.log", .copies = true });
}

static bool
settled(const struct item *it)
{
	return it->met || it->failed;
}

/* The first that is still waited for: probes come before the final group. */
static const struct item *
pending(const struct require *r)
{
	for (size_t i = 0; i < r->nitems; i++) {
		if (is(r->items[i].group, "final"))
			for (size_t k = 0; k < r->nprobes; k++)
				if (!settled(&r->probes[k]))
					return &r->probes[k];
		if (!settled(&r->items[i]))
			return &r->items[i];
	}
	for (size_t k = 0; k < r->nprobes; k++)
		if (!settled(&r->probes[k]))
			return &r->probes[k];
	return NULL;
}

const char *
require_waiting_for(struct agent *a)
{
	const struct item *it = a->require ? pending(a->require) : NULL;

	return it ? it->what : "";
}

static bool
essential_met(const struct require *r)
{
	for (size_t i = 0; i < r->nitems; i++)
		if (is(r->items[i].group, "essential") && !settled(&r->items[i]))
			return false;
	return true;
}

bool
require_usable(struct agent *a)
{
	return a->require && essential_met(a->require);
}

static void
met(struct require *r, struct item *it)
{
	if (it->met)
		return;
	it->met = true;
	it->failed = false;
	log_info("%s requirement is satisfied: %s", it->group, it->what);
	/* others wait for it */
	mux_kick(r->agent);
}

/* One that will never be met: said at once, and waited for no more. */
static void
failed(struct require *r, struct item *it, const char *reason)
{
	auto_free char *why = xasprintf("%s requirement cannot be met: %s (%s)", it->group, it->what, *reason ? reason : it->hint);

	it->failed = true;
	agent_degraded(r->agent, why);
}

static const char *
watch_script(struct require *r, const char *iid)
{
	AUTO(buf) s = BUF_INIT;
	AUTO(buf) command = BUF_INIT;

	buf_adds(&s, "iid=");
	ssh_quote(&s, iid);
	/* it ends with the connection, when it loses its parent, which is the server's process for that; or before it began */
	buf_adds(&s, "\n[ $PPID != 1 ] || exit 0\n"
		     "nap() { if read -r s 2>/dev/null </proc/$$/stat; then set -- ${s##*) }; [ \"$2\" = $PPID ] || exit 0; "
		     "else kill -0 $PPID 2>/dev/null || exit 0; fi; sleep 0.2 2>/dev/null || sleep 1; }\n"
		     "mark() { while :; do x=; [ -r \"$1\" ] && read -r x <\"$1\"; [ \"$x\" = \"$iid\" ] && break; nap; done; }\n");
	for (size_t i = 0; i < r->nitems; i++) {
		const struct item *it = &r->items[i];

		if (settled(it) || (!it->marker && !it->condition && !it->check))
			continue;
		if (it->marker)
			buf_addf(&s, "mark %s; ", it->marker);
		else if (it->check)
			buf_addf(&s, "%sshared || { echo \"never %zu $why\"; exit 0; }\n", it->check, i);
		else if (it->once)
			buf_addf(&s, "{ %s; } >/dev/null 2>&1 || { echo never %zu; exit 0; }; ", it->condition, i);
		else
			buf_addf(&s, "until { %s; } >/dev/null 2>&1; do nap; done; ", it->condition);
		if (it->errors)
			buf_addf(&s, "[ ! -r %s ] || while read -r l; do echo \"wrong $l\"; done <%s; ", it->errors, it->errors);
		buf_addf(&s, "echo met %zu\n", i);
	}
	buf_adds(&command, "exec /bin/sh -c ");
	ssh_quote(&command, s.s);
	return arena_strdup(&r->mem, command.s);
}

static const char *
probe_command(struct require *r, const char *script)
{
	const char *interpreter = strncmp(script, "#!", 2) == 0 ? script + 2 : "/bin/sh\n";
	AUTO(buf) s = BUF_INIT;
	AUTO(buf) command = BUF_INIT;

	/* variables that the guest got after this connection logged in, and the parameters of the template */
	buf_adds(&s, "take() { while IFS= read -r l; do case $l in [A-Za-z_]*=*) k=${l%%=*} v=${l#*=}; "
		     "case $k in *[!A-Za-z0-9_]*) continue;; esac; case $v in \\\"*\\\") v=${v#?} v=${v%?};; esac; "
		     "export \"$k=$v\";; esac; done; }\n"
		     "[ -r /etc/environment ] && take </etc/environment\n"
		     "p=$(sudo -n cat /mnt/lima-cidata/param.env 2>/dev/null </dev/null)\n"
		     "take <<END\n$p\nEND\nexec ");
	buf_add(&s, interpreter, strcspn(interpreter, "\r\n"));
	buf_adds(&command, "exec /bin/sh -c ");
	ssh_quote(&command, s.s);
	return arena_strdup(&r->mem, command.s);
}

static void
stop_execs(struct require *r, struct ssh_link *l)
{
	ssh_exec_release(&r->watch, l);
	ssh_exec_release(&r->run, l);
	r->seen = 0;
}

static bool
any_failed(const struct require *r)
{
	for (size_t i = 0; i < r->nitems; i++)
		if (r->items[i].failed)
			return true;
	return false;
}

static void
finish_if_done(struct require *r, struct ssh_link *l)
{
	if (r->done || pending(r))
		return;
	r->done = true;
	stop_execs(r, l);
	mux_remove(&r->user);
	uv_timer_stop(&r->again);
	uv_timer_stop(&r->probe_again);
	uv_timer_stop(&r->deadline);
	uv_timer_stop(&r->agent_wait);
	if (any_failed(r))
		return;
	if (r->wrong.len)
		agent_degraded(r->agent, arena_printf(&r->mem, "provisioning: %s (see /var/log/cloud-init-output.log in the guest)",
						      r->wrong.s));
	else
		agent_ready(r->agent);
}

/* What the guest says, cut to a part of a message; in the arena. */
static const char *
reason_of(struct require *r, const char *said)
{
	char *copy = arena_printf(&r->mem, "%.300s", said + strspn(said, " "));

	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = ' ';
	return copy;
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
		if (sscanf(line, "met %zu%n", &i, &end) == 1 && i < r->nitems && !line[end])
			met(r, &r->items[i]);
		else if (sscanf(line, "never %zu%n", &i, &end) == 1 && i < r->nitems)
			failed(r, &r->items[i], reason_of(r, line + end));
		else if (strncmp(line, "wrong ", 6) == 0 && r->wrong.len < WRONG_MAX)
			buf_addf(&r->wrong, "%s%s", r->wrong.len ? "; " : "", reason_of(r, line + 6));
		r->seen = (size_t)(nl + 1 - r->watch.out.s);
	}
}

static void
on_again(uv_timer_t *t)
{
	struct require *r = t->data;

	mux_kick(r->agent);
}

static bool
watch_needed(const struct require *r)
{
	for (size_t i = 0; i < r->nitems; i++)
		if (!settled(&r->items[i]) && (r->items[i].marker || r->items[i].condition || r->items[i].check))
			return true;
	return false;
}

static void
step_watch(struct require *r, struct ssh_link *l)
{
	struct error e;
	int n;

	if (!r->watch.command && (!watch_needed(r) || uv_is_active((uv_handle_t *)&r->again)))
		return;
	if (!r->watch.command) {
		buf_truncate(&r->wrong, 0);
		r->watch.command = watch_script(r, r->agent->launch.guest.iid);
	}
	n = ssh_exec_step(&r->watch, l, &e);
	read_watch(r);
	if (n == 0)
		return;
	/* what it still waited for, if it was ended by others, begins anew */
	if (watch_needed(r)) {
		log_debug("the waiting script has ended%s%s", n < 0 ? ": " : "", n < 0 ? e.msg : "");
		uv_timer_start(&r->again, on_again, WATCH_AGAIN_MS, 0);
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

	while (r->probe < r->nprobes && settled(&r->probes[r->probe]))
		r->probe++;
	if (r->probe == r->nprobes || !essential_met(r) || uv_is_active((uv_handle_t *)&r->probe_again))
		return;
	it = &r->probes[r->probe];
	if (!it->command)
		it->command = probe_command(r, it->probe->script);
	r->run.command = it->command;
	r->run.input = it->probe->script;
	r->run.input_len = strlen(it->probe->script);
	n = ssh_exec_step(&r->run, l, &e);
	if (n == 0)
		return;
	if (n == 1 && r->run.status == 0)
		met(r, it);
	else
		snprintf(r->last, sizeof r->last, "%.*s", (int)sizeof r->last - 1, n < 0 ? e.msg : r->run.err.s);
	ssh_exec_release(&r->run, l);
	uv_timer_start(&r->probe_again, on_again, it->met ? 0 : PROBE_AGAIN_MS, 0);
}

/* They begin with the boot, and come last. */
static void
look_at_mounts(struct require *r)
{
	for (size_t i = 1; i < r->nitems; i++)
		if (r->items[i].mounts && settled(&r->items[i - 1]) && !mounts_busy(r->agent))
			met(r, &r->items[i]);
}

static void
on_agent_missing(uv_timer_t *t)
{
	struct require *r = t->data;

	for (size_t i = 0; i < r->nitems; i++)
		if (r->items[i].agent && !settled(&r->items[i]))
			failed(r, &r->items[i], "");
	finish_if_done(r, mux_link(r->agent));
}

/* Nothing else is missing: it has a minute. */
static void
hurry_agent(struct require *r)
{
	bool agent = false;

	for (size_t i = 0; i < r->nitems; i++) {
		const struct item *it = &r->items[i];

		if (!settled(it) && !it->agent && !it->copies)
			return;
		agent |= it->agent && !settled(it);
	}
	for (size_t k = 0; k < r->nprobes; k++)
		if (!settled(&r->probes[k]))
			return;
	if (agent && !uv_is_active((uv_handle_t *)&r->agent_wait))
		uv_timer_start(&r->agent_wait, on_agent_missing, AGENT_MS, 0);
}

static void
look_at_copies(struct require *r)
{
	const struct item *last = &r->items[r->nitems - 1];

	if (last->copies && pending(r) == last)
		copies_start(r->agent);
}

void
require_copies_done(struct agent *a, const char *why)
{
	struct require *r = a->require;

	for (size_t i = 0; r && i < r->nitems; i++) {
		if (!r->items[i].copies || settled(&r->items[i]))
			continue;
		if (!*why) {
			met(r, &r->items[i]);
			continue;
		}
		r->items[i].failed = true;
		agent_degraded(a, why);
	}
	if (r)
		finish_if_done(r, mux_link(a));
}

static void
on_step(struct mux_user *u, struct ssh_link *l)
{
	struct require *r = (struct require *)u;

	met(r, &r->items[0]);
	step_watch(r, l);
	step_probe(r, l);
	look_at_mounts(r);
	hurry_agent(r);
	look_at_copies(r);
	finish_if_done(r, l);
}

static void
on_lost(struct mux_user *u, const struct error *why)
{
	(void)why;
	stop_execs((struct require *)u, NULL);
}

static void
on_deadline(uv_timer_t *t)
{
	struct require *r = t->data;
	struct agent *a = r->agent;
	const struct item *it = pending(r);
	auto_free char *serial = tail_serial(a->launch.dir);
	AUTO(buf) why = BUF_INIT;

	buf_addf(&why, "not ready after %d s: still waiting for %s requirement \"%s\" (%s)", a->launch.boot_timeout_ms / 1000,
		 it->group, it->what, it->hint);
	if (it->probe && *r->last)
		buf_addf(&why, "; the probe said: %s", r->last);
	else if (*mux_trouble(a))
		buf_addf(&why, "; %s", mux_trouble(a));
	if (*serial)
		buf_addf(&why, "; the guest's console ends with: %s", serial);
	for (char *p = why.s; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = *p == '\n' ? '|' : ' ';
	agent_degraded(a, why.s);
}

void
require_agent_up(struct agent *a)
{
	struct require *r = a->require;

	for (size_t i = 0; r && i < r->nitems; i++)
		if (r->items[i].agent)
			met(r, &r->items[i]);
	if (!r)
		return;
	if (r->done && a->phase == PHASE_DEGRADED && !any_failed(r))
		agent_ready(a);
	finish_if_done(r, mux_link(a));
}

void
require_start(struct agent *a)
{
	struct require *r = a->require = xcalloc(1, sizeof *r);
	uv_timer_t *timers[] = { &r->again, &r->probe_again, &r->deadline, &r->agent_wait };

	r->agent = a;
	r->user.step = on_step;
	r->user.lost = on_lost;
	r->watch = r->run = (struct ssh_exec)SSH_EXEC_INIT;
	r->wrong = (struct buf)BUF_INIT;
	make_items(r, &a->launch);
	for (size_t i = 0; i < ARRAY_LEN(timers); i++) {
		uv_timer_init(&a->loop, timers[i]);
		timers[i]->data = r;
	}
	r->open = ARRAY_LEN(timers);
	uv_timer_start(&r->deadline, on_deadline, (uint64_t)a->launch.boot_timeout_ms, 0);
	mux_add(a, &r->user);
	log_info("waiting for %s", require_waiting_for(a));
}

static void
on_closed(uv_handle_t *h)
{
	struct require *r = h->data;

	if (--r->open)
		return;
	arena_release(&r->mem);
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
	uv_close((uv_handle_t *)&r->again, on_closed);
	uv_close((uv_handle_t *)&r->probe_again, on_closed);
	uv_close((uv_handle_t *)&r->deadline, on_closed);
	uv_close((uv_handle_t *)&r->agent_wait, on_closed);
}
