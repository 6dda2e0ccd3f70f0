/*
 * hostagent/forward/mux.c - the one SSH connection into the guest, kept up.
 *
 * A key exchange costs an emulated guest a second or two, a channel next to
 * nothing; so there is one connection, and everybody's channels are on it.
 *
 * Getting it: a driver's own network may accept the connection at once and try the
 * guest then. While the guest has no network yet, that try is lost and is repeated
 * only 6 to 12 seconds later; so it waits for the guest's interface, which the driver
 * knows of, and a try that has come to nothing is replaced by a new one. One that the guest has taken up must be left alone, since a busy
 * sshd may need seconds for its first word, and each new try costs it a process
 * more. The driver tells the two apart (hostagent/machine/runtime.h).
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/machine/runtime.h"
#include "providers/ssh/host_key.h"
#include "providers/ssh/ssh_link.h"
#include "providers/ssh/ssh_tcp.h"

enum {
	LOOK_MS = 100,		/* between looks at the guest's network */
	BLIND_MS = 60000,	/* then try in spite of what it looks like */
	TRY_MS = 250,		/* for a guest that is up to take the connection; doubled for each try */
	MAX_SHIFT = 4,
	REFUSED_MS = 100,	/* the guest is up, its sshd is not */
	FAILED_MS = 1000,	/* something is wrong, and will be for a while */
	UNKNOWN_MS = 3000,	/* nobody tells how far the try is */
	SILENT_MS = 60000,	/* a guest that has taken the connection and says nothing */
	LOGIN_MS = 180000,	/* from its first word to being logged in */
	EAGER_MS = 120000,	/* trying that long, there is no hurry any more */
};

struct mux {
	unsigned tries;			/* in vain, in a row */
	struct agent *agent;
	struct ssh_link *link;	/* NULL between tries */
	uv_poll_t *poll;	/* the link's: one each, since closing takes its time */
	int events;		/* polled for */
	bool ready;		/* logged in */
	bool heard;		/* the guest has said something */
	bool stepping;
	bool begun;
	int open;		/* timers */
	uint64_t since;		/* we try, in the loop's time */
	uv_timer_t timer, kick;
	struct mux_user *users, *next;	/* next: to be stepped */
	struct host_trust host;
	char trouble[256];
};

static void mux_begin(struct mux *m);
static void update_poll(struct mux *m);

struct ssh_link *
mux_link(struct agent *a)
{
	return a->mux && a->mux->ready ? a->mux->link : NULL;
}

const char *
mux_trouble(struct agent *a)
{
	return a->mux ? a->mux->trouble : "";
}

static void
on_poll_closed(uv_handle_t *h)
{
	free(h);
}

/* The link and its channels end here. */
static void
mux_drop(struct mux *m, const struct error *why)
{
	bool was_ready = m->ready;

	m->ready = m->heard = false;
	if (was_ready)
		for (struct mux_user *u = m->users; u; u = m->next) {
			m->next = u->next;
			u->lost(u, why);
		}
	if (m->poll)
		uv_close((uv_handle_t *)m->poll, on_poll_closed);
	ssh_link_free(m->link);
	m->poll = NULL;
	m->link = NULL;
}

static void
mux_on_begin(uv_timer_t *t)
{
	mux_begin(t->data);
}

static void
mux_again(struct mux *m, const struct error *why, uint64_t after_ms)
{
	if (strcmp(m->trouble, why->msg) != 0)
		log_debug("%s", why->msg);
	snprintf(m->trouble, sizeof m->trouble, "%.*s", (int)sizeof m->trouble - 1, why->msg);
	if (m->ready)
		m->since = uv_now(&m->agent->loop);
	if (uv_now(&m->agent->loop) - m->since > EAGER_MS && after_ms < FAILED_MS)
		after_ms = FAILED_MS;
	mux_drop(m, why);
	uv_timer_start(&m->timer, mux_on_begin, after_ms, 0);
}

static void
step_users(struct mux *m)
{
	m->stepping = true;
	for (struct mux_user *u = m->users; u; u = m->next) {
		m->next = u->next;
		u->step(u, m->link);
	}
	m->stepping = false;
}

static void
logged_in(struct mux *m)
{
	m->ready = true;
	m->tries = 0;
	m->trouble[0] = '\0';
	uv_timer_stop(&m->timer);
	log_info("ssh: logged in");
}

static void
on_slow_login(uv_timer_t *t)
{
	struct error e;

	error_set(&e, ETIMEDOUT, "ssh: the guest does not let us in within %d s", LOGIN_MS / 1000);
	mux_again(t->data, &e, FAILED_MS);
}

static void
mux_go_on(struct mux *m)
{
	struct error e;
	int r = ssh_link_step(m->link, &e);

	if (!m->heard && ssh_link_spoke(m->link)) {
		m->heard = true;
		uv_timer_start(&m->timer, on_slow_login, LOGIN_MS, 0);
	}
	if (r < 0) {
		mux_again(m, &e, m->heard ? FAILED_MS : REFUSED_MS);
		return;
	}
	if (r == 1 && !m->ready)
		logged_in(m);
	if (r == 1)
		step_users(m);
	update_poll(m);
}

static void
mux_on_poll(uv_poll_t *p, int status, int events)
{
	(void)status;
	(void)events;
	mux_go_on(p->data);
}

static void
on_kick(uv_timer_t *t)
{
	struct mux *m = t->data;

	if (m->ready)
		mux_go_on(m);
}

static void
update_poll(struct mux *m)
{
	short want = ssh_link_events(m->link);
	int events = (want & POLLIN ? UV_READABLE : 0) | (want & POLLOUT ? UV_WRITABLE : 0);

	if (events != m->events)
		uv_poll_start(m->poll, events, mux_on_poll);
	m->events = events;
}

void
mux_reconnect(struct agent *a, const char *why)
{
	struct error e;

	if (!a->mux || !a->mux->link)
		return;
	error_set(&e, ECONNRESET, "ssh: %s", why);
	mux_again(a->mux, &e, 0);
}

void
mux_touched(struct agent *a)
{
	if (a->mux && a->mux->link && !a->mux->stepping)
		update_poll(a->mux);
}

static void
on_silent(uv_timer_t *t)
{
	struct error e;

	error_set(&e, ETIMEDOUT, "ssh: the guest says nothing");
	mux_again(t->data, &e, 0);
}

static void
mux_on_connection(struct agent *a, int there)
{
	struct mux *m = a->mux;
	struct error why;

	if (!m || !m->link || m->heard || uv_is_active((uv_handle_t *)&m->timer))
		return;
	if (there == 0) {
		m->tries++;
		error_set(&why, ETIMEDOUT, "ssh: the guest has no network yet");
		mux_again(m, &why, 0);
		return;
	}
	uv_timer_start(&m->timer, on_silent, there == 1 ? SILENT_MS : UNKNOWN_MS, 0);
}

static void
on_quiet(uv_timer_t *t)
{
	struct mux *m = t->data;

	if (m->heard)
		return;
	if (m->agent->runtime->ask_connection)
		m->agent->runtime->ask_connection(m->agent, mux_on_connection);
	else
		mux_on_connection(m->agent, -1);
}

static void
connect_guest(struct mux *m)
{
	const struct launch *l = &m->agent->launch;
	struct ssh_identity id = { .user = l->ssh.user, .keys = l->ssh.keys, .nkeys = l->ssh.nkeys, .host = &m->host };
	struct error e;
	int fd = ssh_tcp_connect(l->ssh.address, l->ssh.port, &e);

	if (fd < 0) {
		mux_again(m, &e, FAILED_MS);
		return;
	}
	m->link = ssh_link_new(fd, &id);
	m->poll = xcalloc(1, sizeof *m->poll);
	uv_poll_init(&m->agent->loop, m->poll, fd);
	m->poll->data = m;
	m->events = 0;
	update_poll(m);
	/* Each early attempt leaves a stray sshd process in the guest, so attempts back off exponentially. */
	uv_timer_start(&m->timer, on_quiet, TRY_MS << (m->tries < MAX_SHIFT ? m->tries : MAX_SHIFT), 0);
}

static void
on_network(struct agent *a, int there)
{
	struct mux *m = a->mux;

	if (!m || m->link || uv_is_active((uv_handle_t *)&m->timer))
		return;
	if (there == 0 && uv_now(&a->loop) - m->since < BLIND_MS)
		uv_timer_start(&m->timer, mux_on_begin, LOOK_MS, 0);
	else
		connect_guest(m);
}

/* Waits for the guest's network. */
static void
mux_begin(struct mux *m)
{
	if (!m->begun)
		m->since = uv_now(&m->agent->loop);
	m->begun = true;
	if (m->agent->runtime->ask_network)
		m->agent->runtime->ask_network(m->agent, on_network);
	else
		on_network(m->agent, -1);
}

static void
say_host(const char *text)
{
	log_info("%s", text);
}

static int
host_put(void *ctx, const char *text, struct error *err)
{
	return own_file_write(ctx, HOST_KEY_KNOWN, text, err);
}

void
mux_start(struct agent *a)
{
	struct mux *m = a->mux = xcalloc(1, sizeof *m);

	m->agent = a;
	m->host = (struct host_trust){ .known = a->launch.ssh.known_hosts, .ours = a->launch.ssh.host_key, .pin = true, .say = say_host,
				       .put = host_put, .ctx = a };
	m->open = 2;
	uv_timer_init(&a->loop, &m->timer);
	uv_timer_init(&a->loop, &m->kick);
	m->timer.data = m->kick.data = m;
	/*
	 * A guest that boots is logged into as soon as that can be. To one that goes on it would be work beside what it is there for, so
	 * that waits for somebody who needs it.
	 */
	if (!a->runtime->await_guest && !a->launch.machine.resumes && !a->launch.machine.restored)
		mux_begin(m);
}

void
mux_add(struct agent *a, struct mux_user *u)
{
	struct mux *m = a->mux;

	u->mux = m;
	u->next = m->users;
	u->back = &m->users;
	if (u->next)
		u->next->back = &u->next;
	m->users = u;
	/* Without a way to wait for the guest's ssh, users of the link just keep waiting. */
	if (!m->begun && !a->runtime->await_guest)
		mux_begin(m);
	mux_kick(a);
}

void
mux_kick(struct agent *a)
{
	uv_timer_start(&a->mux->kick, on_kick, 0, 0);
}

void
mux_remove(struct mux_user *u)
{
	if (!u->mux)
		return;
	if (u->mux->next == u)
		u->mux->next = u->next;
	*u->back = u->next;
	if (u->next)
		u->next->back = u->back;
	u->mux = NULL;
}

static void
on_timers_closed(uv_handle_t *h)
{
	struct mux *m = h->data;

	if (--m->open == 0)
		free(m);
}

void
mux_free(struct agent *a)
{
	struct mux *m = a->mux;
	struct error e;

	if (!m)
		return;
	assert(!m->stepping);
	error_set(&e, ECONNRESET, "ssh: the machine stops");
	mux_drop(m, &e);
	assert(!m->users);
	a->mux = NULL;
	uv_close((uv_handle_t *)&m->timer, on_timers_closed);
	uv_close((uv_handle_t *)&m->kick, on_timers_closed);
}
