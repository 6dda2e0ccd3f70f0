/* hostagent/forwards.c - the forwards of a running instance: rules by name, as limactl puts and deletes them. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/forward_tcp.h"
#include "providers/forward_rule.h"

enum { MAX_LISTENERS = 4096 };	/* of all rules */

struct forward {
	struct forward *next;
	struct arena mem;	/* of the rule's strings */
	char *id, *text;	/* the rule as JSON */
	struct forward_rule rule;
	struct tcp_listener **listeners;
	size_t n;
};

struct forwards {
	struct forward *first;
	size_t nlisteners;
};

static struct forward **
find(struct agent *a, const char *id)
{
	struct forward **p = &a->forwards->first;

	while (*p && strcmp((*p)->id, id) != 0)
		p = &(*p)->next;
	return p;
}

static void
forward_free(struct agent *a, struct forward *f)
{
	for (size_t i = 0; i < f->n; i++)
		tcp_listener_close(f->listeners[i]);
	a->forwards->nlisteners -= f->n;
	free(f->listeners);
	free(f->id);
	free(f->text);
	arena_release(&f->mem);
	free(f);
}

static int
listen_all(struct agent *a, struct forward *f, struct error *err)
{
	const struct forward_rule *r = &f->rule;
	size_t ports = (size_t)(r->host_port[1] - r->host_port[0]) + 1;

	if (r->proto != FORWARD_TCP || r->reverse)
		return error_set(err, ERR_UNSUPPORTED, "forward %s: %s", f->id, r->reverse ? "reverse" : "UDP needs the guest agent");
	if (a->forwards->nlisteners + ports > MAX_LISTENERS)
		return error_set(err, EINVAL, "forward %s: more than %d ports in all", f->id, MAX_LISTENERS);
	f->listeners = xcalloc(ports, sizeof(struct tcp_listener *));
	for (size_t i = 0; i < ports; i++) {
		struct tcp_target to = { r->guest_ip, r->guest_port[0] + (int)i, r->guest_socket };
		struct tcp_listener *l = tcp_listen(a, r->host_ip, r->host_port[0] + (int)i, r->host_socket, &to, err);

		if (!l)
			return -1;
		f->listeners[f->n++] = l;
		a->forwards->nlisteners++;
	}
	return 0;
}

int
forwards_put(struct agent *a, const char *id, const cJSON *json, struct error *err)
{
	struct forward *f = xcalloc(1, sizeof *f), **old;

	if (!a->forwards)
		a->forwards = xcalloc(1, sizeof *a->forwards);
	f->id = xstrdup(id);
	f->text = cJSON_PrintUnformatted(json);
	if (!f->text || forward_rule_parse(json, &f->mem, &f->rule, err) < 0) {
		forward_free(a, f);
		return -1;
	}
	old = find(a, id);
	if (*old && strcmp((*old)->text, f->text) == 0) {
		forward_free(a, f);
		return 0;
	}
	/* the new one may want the port of the old */
	forwards_delete(a, id);
	if (listen_all(a, f, err) < 0) {
		forward_free(a, f);
		return -1;
	}
	f->next = a->forwards->first;
	a->forwards->first = f;
	log_info("forward %s: %s", id, f->text);
	return 0;
}

bool
forwards_delete(struct agent *a, const char *id)
{
	struct forward **p = a->forwards ? find(a, id) : NULL, *f = p ? *p : NULL;

	if (!f)
		return false;
	*p = f->next;
	log_info("forward %s: stopped", id);
	forward_free(a, f);
	return true;
}

cJSON *
forwards_list(struct agent *a)
{
	cJSON *list = cJSON_CreateArray();

	for (struct forward *f = a->forwards ? a->forwards->first : NULL; f; f = f->next) {
		cJSON *o = cJSON_CreateObject(), *rule = forward_rule_json(&f->rule);

		cJSON_AddStringToObject(o, "id", f->id);
		cJSON_AddItemToObject(o, "rule", rule);
		cJSON_AddStringToObject(o, "state", "listening");
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

void
forwards_free(struct agent *a)
{
	if (!a->forwards)
		return;
	while (a->forwards->first)
		forwards_delete(a, a->forwards->first->id);
	free(a->forwards);
	a->forwards = NULL;
}
