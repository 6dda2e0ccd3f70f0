#include "hostagent/mount/mount_sshfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/mount/mount_server.h"
#include "providers/ssh/ssh_exec.h"
#include "providers/ssh/ssh_link.h"
#include "hostagent/protocol/sshfs.h"

enum {
	LIMIT_MS = 180000,	/* from the command to the mount: the guest may still be booting */
	AGAIN_MS = 1000,	/* after a failure; doubled for each in a row */
	MAX_SHIFT = 6,
	UNMOUNT_MS = 15000,
};

struct mount {
	struct mux_user user;
	struct agent *agent;
	struct sshfs_mount def;
	void (*changed)(struct agent *a);
	void (*removed)(struct mount *m, void *data);	/* not NULL: it is being removed */
	void *removed_data;
	char *name, *command, *unmount_command;

	enum { WAITING, STARTING, MOUNTED } phase;
	struct ssh_channel *channel;
	struct mount_server *server;
	struct ssh_exec unmount;
	char line[256];		/* of the command's stderr, so far */
	size_t line_len;
	char said[256];		/* its last whole one: the reason, if this comes to nothing */
	char why[320];		/* "failed: ..."; "" */
	int folder;		/* that is served; -1: none */
	bool straight;		/* no link leads to it */
	unsigned failures;	/* in a row */
	uv_timer_t again, limit;
	int open;		/* timers */
};

static void
init_say(struct mount *m, const char *why)
{
	auto_free char *text = why ? xasprintf("%s: %s", m->name, why) : NULL;

	if (why)
		snprintf(m->why, sizeof m->why, "failed: %.300s", why);
	else
		m->why[0] = '\0';
	agent_trouble(m->agent, m->name, text);
	m->changed(m->agent);
}

const char *
mount_state(const struct mount *m)
{
	return *m->why ? m->why : m->phase == MOUNTED ? "mounted" : NULL;
}

/* Both ends go; the guest's when it sees the end of its input. */
static void
mount_sshfs_take_down(struct mount *m)
{
	struct ssh_link *l = mux_link(m->agent);

	mount_server_stop(m->server);
	m->server = NULL;
	if (l)
		ssh_link_forget(l, m);
	ssh_channel_close(m->channel);
	m->channel = NULL;
	if (m->folder >= 0)
		close(m->folder);
	m->folder = -1;
	m->line_len = 0;
	m->said[0] = '\0';
	m->phase = WAITING;
	if (!m->removed)
		uv_timer_stop(&m->limit);
	mux_touched(m->agent);
}

static void
finish_removal(struct mount *m)
{
	void (*removed)(struct mount *, void *) = m->removed;

	m->removed = NULL;
	agent_trouble(m->agent, m->name, NULL);
	removed(m, m->removed_data);
}

static void
mount_sshfs_on_again(uv_timer_t *t)
{
	struct mount *m = t->data;

	mux_kick(m->agent);
}

static void
mount_sshfs_failed(struct mount *m, const char *why)
{
	unsigned shift = m->failures < MAX_SHIFT ? m->failures : MAX_SHIFT;

	m->failures++;
	uv_timer_start(&m->again, mount_sshfs_on_again, AGAIN_MS << shift, 0);
	init_say(m, why);
}

/* One end has gone. `why` is what that end tells; what the guest said goes before it. */
static void
mount_sshfs_ended(struct mount *m, const char *why)
{
	auto_free char *said = xstrdup(*m->said ? m->said : why);

	mount_sshfs_take_down(m);
	if (!m->removed)
		mount_sshfs_failed(m, said);
}

static void
on_limit(uv_timer_t *t)
{
	struct mount *m = t->data;

	if (m->removed) {
		log_warning("%s: the guest does not say whether it is gone", m->name);
		ssh_exec_release(&m->unmount, mux_link(m->agent));
		mount_sshfs_take_down(m);
		finish_removal(m);
	} else {
		mount_sshfs_ended(m, "sshfs has not mounted it in time");
	}
}

static void
mount_sshfs_mounted(struct mount *m)
{
	m->phase = MOUNTED;
	m->failures = 0;
	m->said[0] = '\0';
	uv_timer_stop(&m->limit);
	log_info("%s: mounted", m->name);
	init_say(m, NULL);
}

static void
read_lines(struct mount *m)
{
	char chunk[512];
	ssize_t n;

	while (m->channel && (n = ssh_channel_read(m->channel, 1, chunk, sizeof chunk)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (chunk[i] != '\n') {
				if (m->line_len < sizeof m->line - 1 && (unsigned char)chunk[i] >= ' ')
					m->line[m->line_len++] = chunk[i];
				continue;
			}
			m->line[m->line_len] = '\0';
			m->line_len = 0;
			if (strcmp(m->line, SSHFS_MOUNTED) == 0) {
				mount_sshfs_mounted(m);
			} else if (*m->line && strcmp(m->said, m->line) != 0) {
				memcpy(m->said, m->line, sizeof m->said);
				log_debug("%s: %s", m->name, m->said);
			}
		}
}

static void
on_server_ended(void *owner, const char *why)
{
	struct mount *m = owner;

	read_lines(m);
	mount_sshfs_ended(m, why);
}

/* 1: the command runs in the guest */
static int
start_guest(struct mount *m, struct ssh_link *l, struct error *err)
{
	int r;

	if (!m->channel && (r = ssh_channel_session(l, m, &m->channel, err)) <= 0)
		return r;
	return ssh_channel_exec(m->channel, m->command, err);
}

/* Where the location leads now, and no guest has a say in that; -1. */
static int
mount_sshfs_open_folder(struct mount *m, struct error *err)
{
	AUTO(guarded) g = mounts_guarded(m->agent);
	struct error why = { 0 };
	int fd;

	g.straight = true;
	fd = guarded_folder(&g, m->def.location, 0, &why);
	if (fd >= 0 || (m->straight && why.code == ELOOP)) {
		m->straight = true;
		return fd >= 0 ? fd : error_set(err, why.code, "%s", why.msg);
	}
	g.straight = false;
	return guarded_folder(&g, m->def.location, 0, err);
}

static bool
mount_sshfs_same_folder(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static void
mount_sshfs_start(struct mount *m, struct ssh_link *l)
{
	struct error e;
	int r;

	if (uv_is_active((uv_handle_t *)&m->again) || !require_usable(m->agent))
		return;
	if (m->folder < 0 && (m->folder = mount_sshfs_open_folder(m, &e)) < 0) {
		auto_free char *why = xasprintf("the folder %s is not there", m->def.location);

		mount_sshfs_failed(m, e.code == ENOENT || e.code == ENOTDIR ? why : e.msg);
		return;
	}
	r = start_guest(m, l, &e);
	if (r == 0)
		return;
	if (r < 0 || !(m->server = mount_server_start(m->agent, &m->def, m->folder, m->channel, on_server_ended, m, &e))) {
		mount_sshfs_take_down(m);
		mount_sshfs_failed(m, e.msg);
		return;
	}
	m->phase = STARTING;
	uv_timer_start(&m->limit, on_limit, LIMIT_MS, 0);
}

static void
step_removal(struct mount *m, struct ssh_link *l)
{
	struct error e;
	int r;

	m->unmount.command = m->unmount_command;
	r = ssh_exec_step(&m->unmount, l, &e);
	if (r == 0)
		return;
	if (r < 0 || m->unmount.status != 0)
		log_warning("%s: %s", m->name, r < 0 ? e.msg : "it is still there, since it is in use");
	ssh_exec_release(&m->unmount, l);
	mount_sshfs_take_down(m);
	finish_removal(m);
}

static void
mount_sshfs_on_step(struct mux_user *u, struct ssh_link *l)
{
	struct mount *m = (struct mount *)u;

	if (m->phase == WAITING && !m->removed) {
		mount_sshfs_start(m, l);
		return;
	}
	/* Standard error is read first, because a command that has ended has said why there. */
	read_lines(m);
	if (m->server && !mount_server_step(m->server))
		mount_sshfs_ended(m, MOUNT_SERVER_GUEST_ENDED);
	if (m->removed)
		step_removal(m, l);
}

static void
mount_sshfs_on_lost(struct mux_user *u, const struct error *why)
{
	struct mount *m = (struct mount *)u;

	(void)why;
	/* The channel dies with its connection. */
	m->channel = NULL;
	ssh_exec_release(&m->unmount, NULL);
	mount_sshfs_take_down(m);
	if (m->removed)
		finish_removal(m);
	else
		m->changed(m->agent);
}

struct mount *
mount_new(struct agent *a, const struct sshfs_mount *def, void (*changed)(struct agent *a))
{
	struct mount *m = xcalloc(1, sizeof *m);
	AUTO(buf) up = BUF_INIT;
	AUTO(buf) down = BUF_INIT;

	sshfs_mount_command(&up, def, a->launch.guest.iid);
	sshfs_unmount_command(&down, def);
	m->command = buf_detach(&up);
	m->unmount_command = buf_detach(&down);
	m->name = xasprintf("mount %s", def->point);
	m->agent = a;
	m->def = *def;
	m->folder = -1;
	m->changed = changed;
	m->unmount = (struct ssh_exec)SSH_EXEC_INIT;
	m->user.step = mount_sshfs_on_step;
	m->user.lost = mount_sshfs_on_lost;
	uv_timer_init(&a->loop, &m->again);
	uv_timer_init(&a->loop, &m->limit);
	m->again.data = m->limit.data = m;
	m->open = 2;
	mux_add(a, &m->user);
	return m;
}

void
mount_look(struct mount *m)
{
	auto_close int now = -1;
	struct error e;

	if (m->phase != MOUNTED || m->removed)
		return;
	now = mount_sshfs_open_folder(m, &e);
	if (now < 0) {
		auto_free char *why = xasprintf("the folder %s has vanished", m->def.location);

		if (!*m->why)
			init_say(m, e.code == ELOOP ? e.msg : why);
	} else if (!mount_sshfs_same_folder(now, m->folder)) {
		/* Another folder has this path now, which the server of the old one does not see. */
		mount_sshfs_take_down(m);
		mux_kick(m->agent);
	} else if (*m->why) {
		init_say(m, NULL);
	}
}

void
mount_remove(struct mount *m, void (*done)(struct mount *m, void *data), void *data)
{
	m->removed = done;
	m->removed_data = data;
	if (m->phase != MOUNTED || !mux_link(m->agent)) {
		mount_sshfs_take_down(m);
		finish_removal(m);
		return;
	}
	uv_timer_start(&m->limit, on_limit, UNMOUNT_MS, 0);
	mux_kick(m->agent);
}

static void
mount_sshfs_on_timer_closed(uv_handle_t *h)
{
	struct mount *m = h->data;

	if (--m->open)
		return;
	free(m->name);
	free(m->command);
	free(m->unmount_command);
	free(m);
}

void
mount_free(struct mount *m)
{
	mux_remove(&m->user);
	ssh_exec_release(&m->unmount, mux_link(m->agent));
	mount_sshfs_take_down(m);
	uv_close((uv_handle_t *)&m->again, mount_sshfs_on_timer_closed);
	uv_close((uv_handle_t *)&m->limit, mount_sshfs_on_timer_closed);
}
