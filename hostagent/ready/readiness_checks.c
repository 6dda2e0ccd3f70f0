#include "hostagent/ready/readiness_checks.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/quote/quote.h"
#include "providers/launch.h"
#include "hostagent/protocol/mount_check.h"
#include "hostagent/protocol/probe.h"
#include "providers/ssh/ssh_exec.h"

static bool
readiness_checks_is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void
readiness_checks_add(struct require_items *r, struct item it)
{
	r->items[r->nitems++] = it;
}

static const char *
readiness_checks_folders(struct require_items *r, const struct launch *l)
{
	AUTO(buf) b = BUF_INIT;

	mount_check_define(&b, l->mounts, l->nmounts);
	return arena_strdup(&r->mem, b.s);
}

void
require_items(struct require_items *r, const struct launch *l, bool by_driver)
{
	bool linux_guest = readiness_checks_is(l->guest.os, "Linux") && !l->guest.plain;
	const char *run = readiness_checks_is(l->guest.os, "Linux") ? "/run" : "/var/run";

	if (by_driver) {
		readiness_checks_add(r, (struct item){ .group = "essential", .what = "guest", .hint = "its console may tell more" });
		return;
	}
	readiness_checks_add(r, (struct item){ .group = "essential", .what = "ssh",
			      .hint = "is the port taken, or the key protected by a passphrase?", .told = TOLD_SSH });
	if (linux_guest)
		readiness_checks_add(r, (struct item){ "essential", "user session is ready for ssh", "the boot scripts write /etc/environment",
				      .marker = "/run/lima-ssh-ready", .told = TOLD_SESSION });
	if (linux_guest && l->guest.sshfs) {
		readiness_checks_add(r, (struct item){ "essential", "sshfs binary to be installed", "see /var/log/cloud-init-output.log in the guest",
				      .condition = "command -v sshfs" });
		readiness_checks_add(r, (struct item){ "essential", "fuse to allow_other as user", "the boot scripts edit /etc/fuse.conf",
				      .marker = "/run/lima-fuse-ready" });
	}
	if (linux_guest && l->guest.containerd) {
		readiness_checks_add(r, (struct item){ "optional", "systemd must be available", "disable containerd for a guest without systemd",
				      .condition = "command -v systemctl", .once = true });
		readiness_checks_add(r, (struct item){ "optional", "containerd binaries to be installed",
				      "see /var/log/cloud-init-output.log in the guest",
				      .condition = arena_printf(&r->mem, "command -v nerdctl || test -x %s/bin/nerdctl",
								l->guest.install_prefix) });
	}
	if (*l->guest.agent_socket)
		readiness_checks_add(r, (struct item){ "optional", "guest agent must be running", "see its log in the guest: journalctl -u lima-guestagent, "
				      "or /var/log/lima-guestagent.log", .agent = true });
	r->probes = arena_alloc(&r->mem, (l->nprobes + 1) * sizeof *r->probes);
	for (size_t i = 0; i < l->nprobes; i++)
		r->probes[r->nprobes++] = (struct item){ "optional", l->probes[i].description, l->probes[i].hint,
							 .probe = &l->probes[i] };
	if (!readiness_checks_is(l->guest.os, "Windows"))
		readiness_checks_add(r, (struct item){ "final", "boot scripts must have finished", "see /var/log/cloud-init-output.log in the guest",
				      .marker = arena_printf(&r->mem, "%s/lima-boot-done", run),
				      .errors = arena_printf(&r->mem, "%s/lima-boot-errors", run), .told = TOLD_DONE });
	if (linux_guest && l->guest.sshfs)
		readiness_checks_add(r, (struct item){ "final", "shared folders to be mounted", "see ha.stderr.log", .mounts = true });
	else if (linux_guest && l->nmounts)
		readiness_checks_add(r, (struct item){ "final", "shared folders to be mounted", "mounts in lima.yaml", .check = readiness_checks_folders(r, l) });
	if (l->ncopies)
		readiness_checks_add(r, (struct item){ "final", "files to be copied to the host", "see copyToHost and ha.stderr.log", .copies = true });
}

void
require_probes(struct require_items *r, const struct launch_probe *v, size_t n)
{
	struct item *probes = arena_alloc(&r->mem, (n + 1) * sizeof *probes);

	for (size_t i = 0; i < n; i++) {
		struct launch_probe *p = arena_alloc(&r->mem, sizeof *p);

		*p = (struct launch_probe){ arena_strdup(&r->mem, v[i].description), arena_strdup(&r->mem, v[i].script), arena_strdup(&r->mem, v[i].hint) };
		probes[i] = (struct item){ "optional", p->description, p->hint, .probe = p };
		for (size_t k = 0; k < r->nprobes; k++)
			if (r->probes[k].met && !strcmp(r->probes[k].probe->script, p->script)) {
				probes[i].met = true;
				probes[i].met_ms = r->probes[k].met_ms;
			}
	}
	r->probes = probes;
	r->nprobes = n;
}

bool
require_settled(const struct item *it)
{
	return it->met || it->failed;
}

const struct item *
require_pending(const struct require_items *r)
{
	for (size_t i = 0; i < r->nitems; i++) {
		if (readiness_checks_is(r->items[i].group, "final"))
			for (size_t k = 0; k < r->nprobes; k++)
				if (!require_settled(&r->probes[k]))
					return &r->probes[k];
		if (!require_settled(&r->items[i]))
			return &r->items[i];
	}
	for (size_t k = 0; k < r->nprobes; k++)
		if (!require_settled(&r->probes[k]))
			return &r->probes[k];
	return NULL;
}

bool
require_essential_settled(const struct require_items *r)
{
	for (size_t i = 0; i < r->nitems; i++)
		if (readiness_checks_is(r->items[i].group, "essential") && !require_settled(&r->items[i]))
			return false;
	return true;
}

bool
require_any_failed(const struct require_items *r)
{
	for (size_t i = 0; i < r->nitems; i++)
		if (r->items[i].failed)
			return true;
	return false;
}

size_t
require_count_settled(const struct require_items *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nitems; i++)
		n += require_settled(&r->items[i]);
	for (size_t i = 0; i < r->nprobes; i++)
		n += require_settled(&r->probes[i]);
	return n;
}

bool
require_script_needed(const struct require_items *r)
{
	for (size_t i = 0; i < r->nitems; i++)
		if (!require_settled(&r->items[i]) && (r->items[i].marker || r->items[i].condition || r->items[i].check))
			return true;
	return false;
}

const char *
require_script(struct require_items *r, const char *iid)
{
	AUTO(buf) s = BUF_INIT;
	AUTO(buf) command = BUF_INIT;

	buf_adds(&s, "iid=");
	quote_shell(&s, iid);
	/* The script ends with the connection, when it loses its parent, the server's process for it; or before it began. */
	buf_adds(&s, "\n[ $PPID != 1 ] || exit 0\n"
		     "nap() { if read -r s 2>/dev/null </proc/$$/stat; then set -- ${s##*) }; [ \"$2\" = $PPID ] || exit 0; "
		     "else kill -0 $PPID 2>/dev/null || exit 0; fi; sleep 0.2 2>/dev/null || sleep 1; }\n"
		     "mark() { while :; do x=; [ -r \"$1\" ] && read -r x <\"$1\"; [ \"$x\" = \"$iid\" ] && break; nap; done; }\n");
	for (size_t i = 0; i < r->nitems; i++) {
		const struct item *it = &r->items[i];

		if (require_settled(it) || (!it->marker && !it->condition && !it->check))
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
	quote_shell(&command, s.s);
	return arena_strdup(&r->mem, command.s);
}

const char *
require_probe_command(struct require_items *r, const char *script)
{
	AUTO(buf) s = BUF_INIT;
	AUTO(buf) command = BUF_INIT;

	buf_adds(&s, probe_environment);
	buf_adds(&s, "exec ");
	probe_interpreter(&s, script);
	buf_adds(&command, "exec /bin/sh -c ");
	quote_shell(&command, s.s);
	return arena_strdup(&r->mem, command.s);
}
