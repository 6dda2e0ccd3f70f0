/*
 * hostagent/ready/guest_files.c - what a file of the guest is (protocol/guest_file.h), for who plans.
 *
 * One after the other, by the connection that is there. Nobody waits for a guest that takes its time: who asks is told so, and as
 * long as that guest has not answered, at once.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "hostagent/agent.h"
#include "hostagent/http.h"
#include "hostagent/protocol/guest_file.h"
#include "providers/ssh/ssh_exec.h"

enum { PATIENCE_MS = 2000, MOST_ASKED = 64, MOST_SAID = 1024 };

struct guest_files {
	struct mux_user user;
	struct agent *agent;
	struct ssh_exec run;
	char *command;		/* NULL: none runs */
	struct http_conn *asks;	/* for what runs; NULL: it has been told that it takes too long, or has gone */
	struct {
		struct http_conn *conn;
		char *path;
	} next[MOST_ASKED];
	size_t nnext;
	uv_timer_t patience;
};

static void
guest_files_refuse(struct guest_files *g, const char *why)
{
	if (g->asks)
		http_refuse(steal(g->asks), 503, why);
	for (size_t i = 0; i < g->nnext; i++) {
		http_refuse(g->next[i].conn, 503, why);
		free(g->next[i].path);
	}
	g->nnext = 0;
}

static void
guest_files_end(struct guest_files *g, struct ssh_link *l)
{
	ssh_exec_release(&g->run, l);
	g->run = (struct ssh_exec)SSH_EXEC_INIT;
	free(steal(g->command));
	uv_timer_stop(&g->patience);
}

static void
guest_files_impatient(uv_timer_t *t)
{
	guest_files_refuse(t->data, "the guest takes its time");
}

/* The next one, if there is one. */
static void
guest_files_begin(struct guest_files *g)
{
	AUTO(buf) script = BUF_INIT;
	AUTO(buf) command = BUF_INIT;

	if (!g->nnext) {
		mux_remove(&g->user);
		return;
	}
	buf_adds(&script, guest_file_look);
	buf_adds(&script, "look \"$1\"");
	buf_adds(&command, "LC_ALL=C exec sudo -n /bin/sh -c ");
	quote_shell(&command, script.s);
	buf_adds(&command, " sh ");
	quote_shell(&command, g->next[0].path);
	g->command = buf_detach(&command);
	g->asks = g->next[0].conn;
	free(g->next[0].path);
	g->nnext--;
	memmove(g->next, g->next + 1, g->nnext * sizeof *g->next);
	uv_timer_start(&g->patience, guest_files_impatient, PATIENCE_MS, 0);
}

static void
guest_files_tell(struct guest_files *g)
{
	AUTO(arena) a = { 0 };
	const struct buf *out = &g->run.out;
	const char *word = g->run.status == 0 ? guest_file_read(&a, out->s ? out->s : "", out->s ? strcspn(out->s, "\n") : 0) : NULL;
	cJSON *json;

	if (!g->asks)
		return;
	if (!word) {
		http_refuse(steal(g->asks), 502, "the guest does not say");
		return;
	}
	json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "state", word);
	http_reply(steal(g->asks), 200, json);
}

static void
guest_files_on_step(struct mux_user *u, struct ssh_link *l)
{
	struct guest_files *g = (struct guest_files *)u;
	struct error e;
	int n;

	if (!g->command)
		guest_files_begin(g);
	if (!g->command)
		return;
	g->run.command = g->command;
	g->run.max_output = MOST_SAID;
	n = ssh_exec_step(&g->run, l, &e);
	if (n == 0)
		return;
	if (n < 0)
		guest_files_refuse(g, "the guest cannot be asked");
	else
		guest_files_tell(g);
	guest_files_end(g, l);
	guest_files_begin(g);
	mux_kick(g->agent);
}

static void
guest_files_on_lost(struct mux_user *u, const struct error *why)
{
	struct guest_files *g = (struct guest_files *)u;

	(void)why;
	guest_files_refuse(g, "the guest cannot be asked");
	guest_files_end(g, NULL);
}

static struct guest_files *
guest_files_of(struct agent *a)
{
	struct guest_files *g = a->guest_files;

	if (g)
		return g;
	g = a->guest_files = xcalloc(1, sizeof *g);
	g->agent = a;
	g->run = (struct ssh_exec)SSH_EXEC_INIT;
	g->user.step = guest_files_on_step;
	g->user.lost = guest_files_on_lost;
	uv_timer_init(&a->loop, &g->patience);
	g->patience.data = g;
	return g;
}

void
guest_files_ask(struct agent *a, struct http_conn *c, const char *path)
{
	struct guest_files *g = guest_files_of(a);

	if ((a->phase != PHASE_RUNNING && a->phase != PHASE_DEGRADED) || !mux_link(a) || (g->command && !g->asks) || g->nnext == MOST_ASKED) {
		http_refuse(c, 503, "the guest cannot be asked");
		return;
	}
	g->next[g->nnext].conn = c;
	g->next[g->nnext++].path = xstrdup(path);
	if (!g->user.mux)
		mux_add(a, &g->user);
	mux_kick(a);
}

void
guest_files_forget(struct agent *a, const struct http_conn *c)
{
	struct guest_files *g = a->guest_files;

	if (!g)
		return;
	if (g->asks == c)
		g->asks = NULL;
	for (size_t i = g->nnext; i-- > 0;)
		if (g->next[i].conn == c) {
			free(g->next[i].path);
			g->nnext--;
			memmove(g->next + i, g->next + i + 1, (g->nnext - i) * sizeof *g->next);
		}
}

static void
guest_files_on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
guest_files_free(struct agent *a)
{
	struct guest_files *g = a->guest_files;

	if (!g)
		return;
	a->guest_files = NULL;
	guest_files_refuse(g, "the machine stops");
	mux_remove(&g->user);
	guest_files_end(g, mux_link(a));
	uv_close((uv_handle_t *)&g->patience, guest_files_on_closed);
}
