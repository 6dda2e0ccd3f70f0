#include "usernet/switch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "usernet/endpoint.h"

enum { EVENTS = 64, FRAMES_A_TURN = 64, TURNS = 8 };

void
switch_watch(struct sw *s, struct watch *w, unsigned what)
{
	os_poller_add(s->poller, w->fd, what, w);
}

void
switch_watch_for(struct sw *s, struct watch *w, unsigned what)
{
	os_poller_change(s->poller, w->fd, what, w);
}

static int
load_network(struct sw *s, struct error *err)
{
	struct arena mem = {0};
	struct usernet n;

	if (usernet_load(&n, s->dir, &mem, err) < 0) {
		arena_release(&mem);
		return -1;
	}
	arena_release(&s->mem);
	s->mem = mem;
	s->net = n;
	guard_gateway_mac(&s->net, s->gateway_mac);
	return 0;
}

static int
watch_folder(struct sw *s, struct watch *w, struct os_news *news, const char *path, struct error *err)
{
	if (os_news_open(news, false) < 0 ||
	    os_news_add(news, path, NEWS_MOVED_TO | NEWS_MOVED_FROM | NEWS_CLOSED | NEWS_DELETED | NEWS_FOLDER_ONLY, NULL) < 0)
		return error_errno(err, "watch %s", path);
	*w = (struct watch){WATCH_FOLDER, news->fd, NULL};
	switch_watch(s, w, POLLER_IN);
	return 0;
}

static int
switch_watch_signals(struct sw *s, struct error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	s->signals = (struct watch){WATCH_SIGNAL, os_signals_open(&set), NULL};
	if (s->signals.fd < 0)
		return error_errno(err, "watch signals");
	switch_watch(s, &s->signals, POLLER_IN);
	return 0;
}

int
switch_open(struct sw *s, const char *dir, struct error *err)
{
	auto_free char *ports = xasprintf("%s/ports", dir), *lock = xasprintf("%s/.lock", dir);

	s->dir = dir;
	s->news.fd = s->ports_news.fd = s->signals.fd = s->lock = -1;
	s->poller = os_poller_open();
	if (s->poller < 0)
		return error_errno(err, "watch descriptors");
	s->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return error_errno(err, "open %s", lock);
	if (load_network(s, err) < 0 || watch_folder(s, &s->folder, &s->news, dir, err) < 0 ||
	    watch_folder(s, &s->ports_folder, &s->ports_news, ports, err) < 0)
		return -1;
	if (switch_watch_signals(s, err) < 0)
		return -1;
	s->endpoint = endpoint_open(s, err);
	return s->endpoint ? 0 : -1;
}

void
switch_close(struct sw *s)
{
	int *fds[] = {&s->signals.fd, &s->lock, &s->poller};

	endpoint_close(s->endpoint);
	while (s->nports) {
		struct port *p = s->ports[--s->nports];

		nat_free(p->nat);
		port_close(p);
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	os_news_release(&s->news);
	os_news_release(&s->ports_news);
	polls_release(&s->polls);
	arena_release(&s->mem);
}

/* Its machine is up: from now on there is something behind its SSH port. */
static void
port_is_up(struct port *p)
{
	struct error err = {0};

	if (p->forwards || !p->is.ssh_port)
		return;
	p->forwards = nat_forward(p->nat, p->is.ssh_port, 22, &err) == 0;
	if (!p->forwards)
		fprintf(stderr, "%s: %s\n", p->is.id, err.msg);
}

static void
port_is_down(struct port *p)
{
	port_disconnect(p);
	if (p->forwards)
		nat_unforward(p->nat, p->is.ssh_port);
	p->forwards = false;
}

static void
port_turn(struct sw *s, struct port *p)
{
	bool fresh;
	size_t len;

	for (int i = 0; i < FRAMES_A_TURN && (len = port_receive(p, s->frame, sizeof s->frame, &fresh)); i++) {
		if (fresh)
			port_is_up(p);
		switch_forward(s, p, s->frame, len);
	}
}

static void
on_news(void *ctx, const struct os_event *e)
{
	(void)ctx, (void)e;
}

static void
folder_changed(struct sw *s, struct watch *w)
{
	struct error err = {0};

	while (os_news_take(w == &s->folder ? &s->news : &s->ports_news, on_news, NULL) == 0)
		;
	if (w == &s->folder && load_network(s, &err) < 0)
		fprintf(stderr, "%s\n", err.msg);
	if (w == &s->ports_folder)
		switch_plug(s);
}

/* Its last port is gone, and nobody is about to plug in another: who does so then starts a new switch. */
static bool
is_over(struct sw *s)
{
	s->used |= s->nports > 0;
	if (!s->used || s->nports || flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return false;
	switch_plug(s);
	if (!s->nports)
		return true;
	flock(s->lock, LOCK_UN);
	return false;
}

/* 1: go on; 0: what was read of events may be of ports that are gone; -1: end */
static int
switch_event(struct sw *s, const struct os_ready *e)
{
	struct watch *w = e->ctx;

	switch (w->kind) {
	case WATCH_PORT:
		if (e->what & POLLER_OUT)
			port_flush(w->port);
		port_turn(s, w->port);
		return 1;
	case WATCH_PEER:
		port_is_down(w->port);
		return 0;
	case WATCH_FOLDER:
		folder_changed(s, w);
		return is_over(s) ? -1 : 0;
	case WATCH_SIGNAL:
		return -1;
	case WATCH_LISTEN:
		endpoint_accept(s->endpoint);
		return 0;
	case WATCH_CLIENT:
		endpoint_turn(s->endpoint, w->fd);
		return 0;
	}
	return 1;
}

/* -1: it was told to end */
static int
switch_turns(struct sw *s)
{
	struct os_ready e[EVENTS];

	for (int turn = 0; turn < TURNS; turn++) {
		int n = os_poller_take(s->poller, e, EVENTS), go = 1;

		if (n <= 0)
			return 0;
		for (int i = 0; i < n && go > 0; i++)
			go = switch_event(s, &e[i]);
		if (go < 0)
			return -1;
	}
	return 0;
}

int
switch_run(struct sw *s, struct error *err)
{
	switch_plug(s);
	s->used = s->nports > 0;
	for (;;) {
		int timeout;

		s->polls.n = 0;
		s->polls.timeout_ms = UINT32_MAX;
		polls_add(&s->polls, s->poller, POLLIN);
		for (size_t i = 0; i < s->nports; i++)
			nat_fill(s->ports[i]->nat, &s->polls);
		timeout = s->polls.timeout_ms > INT32_MAX ? -1 : (int)s->polls.timeout_ms;
		if (poll(s->polls.v, s->polls.n, timeout) < 0 && errno != EINTR)
			return error_errno(err, "poll");
		for (size_t i = 0; i < s->nports; i++)
			nat_poll(s->ports[i]->nat, &s->polls);
		if ((s->polls.v[0].revents & POLLIN) && switch_turns(s) < 0)
			return 0;
		for (size_t i = 0; i < s->nports; i++)
			if (s->ports[i]->lost)
				port_is_down(s->ports[i]);
	}
}
