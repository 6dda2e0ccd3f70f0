/*
 * hostagent/forward/forwards.c - the rules of a running instance, by name, as limactl puts and deletes them.
 *
 * A static rule listens from the start and until it is deleted. A dynamic one says what is to become
 * of ports that appear in the guest (ports.c). Built in are those that upstream appends.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/forward/listeners.h"
#include "hostagent/forward/match.h"
#include "hostagent/forward/endpoint.h"
#include "hostagent/forward/reverse.h"
#include "hostagent/protocol/forward_rule.h"

enum { MAX_RULES = 4096, BUILT_IN = 3, SSH_PORT = 22, ALL_PORTS = 65535 };

struct forward {
	struct forward *next;
	struct arena mem;	/* of the rule's strings */
	char *id, *text;	/* the rule as JSON */
	struct forward_rule rule;
	struct end **ends;	/* of a static one */
	size_t n;
	struct reverse *reverse;
};

struct forwards {
	struct forward *first;
	size_t n;
	struct forward_rule built_in[BUILT_IN];
	const struct forward_rule **dynamic;	/* all of them, the built-in ones first; NULL: to be made */
	size_t ndynamic;
};

static struct forward_rule
built_in(const char *ip, int first, int last, bool ignore, int rank)
{
	return (struct forward_rule){ .proto = FORWARD_ANY, .guest_ip = ip, .host_ip = "127.0.0.1", .guest_port = { first, last },
				      .host_port = { first, last }, .guest_socket = "", .host_socket = "", .dynamic = true,
				      .ignore = ignore, .rank = rank };
}

static struct forwards *
forwards_get(struct agent *a)
{
	struct forwards *f = a->forwards;
	int ssh = a->launch.ssh.port;

	if (f)
		return f;
	f = a->forwards = xcalloc(1, sizeof *f);
	f->built_in[0] = built_in("0.0.0.0", SSH_PORT, SSH_PORT, true, -1);
	f->built_in[1] = built_in("0.0.0.0", ssh, ssh, true, -1);
	f->built_in[2] = built_in("127.0.0.1", 1, ALL_PORTS, false, INT_MAX);
	return f;
}

static struct forward **
forwards_find(struct agent *a, const char *id)
{
	struct forward **p = &forwards_get(a)->first;

	while (*p && strcmp((*p)->id, id) != 0)
		p = &(*p)->next;
	return p;
}

static struct endpoint
guest_place(const struct forward_rule *r, int i)
{
	return *r->guest_socket ? endpoint_socket(r->guest_socket) :
				  endpoint_make(r->proto == FORWARD_UDP ? GA_UDP : GA_TCP, r->guest_ip, r->guest_port[0] + i);
}

static struct endpoint
host_place(const struct forward_rule *r, int i)
{
	return *r->host_socket ? endpoint_socket(r->host_socket) :
				 endpoint_make(r->proto == FORWARD_UDP ? GA_UDP : GA_TCP, r->host_ip, r->host_port[0] + i);
}

static void
forward_free(struct agent *a, struct forward *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct endpoint guest = guest_place(&f->rule, (int)i);

		end_close(a, f->ends[i], &guest);
	}
	if (f->reverse)
		reverse_free(f->reverse);
	free(f->ends);
	free(f->id);
	free(f->text);
	arena_release(&f->mem);
	free(f);
}

/* The first trouble that it has, or NULL. */
static const struct end *
forwards_troubled(const struct forward *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (*end_trouble(f->ends[i]))
			return f->ends[i];
	return NULL;
}

static void
listen_all(struct agent *a, struct forward *f)
{
	int ports = f->rule.host_port[1] - f->rule.host_port[0] + 1;

	f->ends = xcalloc((size_t)ports, sizeof(struct end *));
	for (int i = 0; i < ports; i++) {
		struct endpoint guest = guest_place(&f->rule, i), host = host_place(&f->rule, i);

		f->ends[f->n++] = end_open(a, &host, &guest, true);
	}
}

static void
forwards_changed(struct agent *a)
{
	free(a->forwards->dynamic);
	a->forwards->dynamic = NULL;
	ends_forget_used(a);
	ports_rules_changed(a);
}

static bool
take_out(struct agent *a, const char *id)
{
	struct forward **p = forwards_find(a, id), *f = *p;

	if (!f)
		return false;
	*p = f->next;
	a->forwards->n--;
	forward_free(a, f);
	return true;
}

static int
take_in(struct agent *a, struct forward *f, struct error *err)
{
	const struct end *e;

	f->next = a->forwards->first;
	a->forwards->first = f;
	a->forwards->n++;
	log_info("forward %s: %s", f->id, f->text);
	if (f->rule.reverse)
		f->reverse = reverse_new(a, f->rule.guest_socket, f->rule.host_socket);
	else if (!f->rule.dynamic)
		listen_all(a, f);
	forwards_changed(a);
	e = forwards_troubled(f);
	/* The forward stays, and will listen when it can. */
	return e ? error_set(err, end_trouble_code(e), "%s", end_trouble(e)) : 0;
}

int
forwards_put(struct agent *a, const char *id, const cJSON *json, struct error *err)
{
	struct forward *f = xcalloc(1, sizeof *f), *old = *forwards_find(a, id);

	f->id = xstrdup(id);
	f->text = cJSON_PrintUnformatted(json);
	if (!f->text || forward_rule_parse(json, &f->mem, &f->rule, err) < 0) {
		forward_free(a, f);
		return -1;
	}
	if (!old && a->forwards->n >= MAX_RULES) {
		forward_free(a, f);
		return error_set(err, EINVAL, "forward %s: more than %d rules", id, MAX_RULES);
	}
	if (old && strcmp(old->text, f->text) == 0 && !forwards_troubled(old)) {
		forward_free(a, f);
		return 0;
	}
	/* The old forward goes first, because the new one may want its port. */
	take_out(a, id);
	return take_in(a, f, err);
}

bool
forwards_delete(struct agent *a, const char *id)
{
	if (!take_out(a, id))
		return false;
	log_info("forward %s: stopped", id);
	forwards_changed(a);
	return true;
}

static void
add_state(cJSON *o, const struct forward *f)
{
	const struct end *e = forwards_troubled(f);
	bool waits = f->reverse && *reverse_trouble(f->reverse);
	auto_free char *state = e     ? xasprintf("failed: %s", end_trouble(e)) :
				waits ? xasprintf("waiting: %s", reverse_trouble(f->reverse)) :
					xstrdup(f->rule.dynamic ? "active" : "listening");

	cJSON_AddStringToObject(o, "state", state);
}

cJSON *
forwards_list(struct agent *a)
{
	cJSON *list = cJSON_CreateArray();

	for (struct forward *f = forwards_get(a)->first; f; f = f->next) {
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(o, "id", f->id);
		cJSON_AddItemToObject(o, "rule", forward_rule_json(&f->rule));
		add_state(o, f);
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

static void
make_dynamic(struct forwards *s)
{
	s->dynamic = xcalloc(s->n + BUILT_IN, sizeof *s->dynamic);
	s->ndynamic = 0;
	for (size_t i = 0; i < BUILT_IN; i++)
		s->dynamic[s->ndynamic++] = &s->built_in[i];
	for (const struct forward *f = s->first; f; f = f->next)
		if (f->rule.dynamic)
			s->dynamic[s->ndynamic++] = &f->rule;
}

/* A rule that has it already. */
static bool
is_static(const struct forwards *s, const struct ga_port *p)
{
	for (const struct forward *f = s->first; f; f = f->next)
		if (!f->rule.dynamic && !f->reverse && !*f->rule.guest_socket && p->port >= f->rule.guest_port[0] &&
		    p->port <= f->rule.guest_port[1] && (f->rule.proto == FORWARD_UDP) == (p->proto == GA_UDP))
			return true;
	return false;
}

/* The user wants none of this protocol, and no news of it. */
static bool
forwards_unwanted(const struct forwards *s, const struct ga_port *p)
{
	for (size_t i = BUILT_IN; i < s->ndynamic; i++) {
		const struct forward_rule *r = s->dynamic[i];

		if (r->ignore && r->rank == 0 && r->guest_port[0] == 1 && r->guest_port[1] == ALL_PORTS &&
		    (r->proto == FORWARD_ANY || (r->proto == FORWARD_UDP) == (p->proto == GA_UDP)))
			return true;
	}
	return false;
}

enum forwards_verdict
forwards_judge(struct agent *a, const struct ga_port *p, struct endpoint *host)
{
	struct forwards *s = forwards_get(a);

	if (!s->dynamic)
		make_dynamic(s);
	if (is_static(s, p))
		return FORWARDS_QUIET;
	if (match_port(s->dynamic, s->ndynamic, p, host) == MATCH_FORWARD)
		return FORWARDS_TO;
	return forwards_unwanted(s, p) ? FORWARDS_QUIET : FORWARDS_NOT;
}

void
forwards_agent_up(struct agent *a)
{
	for (struct forward *f = a->forwards ? a->forwards->first : NULL; f; f = f->next)
		if (f->reverse)
			reverse_agent_up(f->reverse);
}

void
forwards_free(struct agent *a)
{
	ports_free(a);
	while (a->forwards && a->forwards->first)
		take_out(a, a->forwards->first->id);
	if (a->forwards)
		free(a->forwards->dynamic);
	free(a->forwards);
	a->forwards = NULL;
	ends_free(a);
}
