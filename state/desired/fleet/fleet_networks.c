/* Networks that are made for the fleet. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "state/desired/fleet/fleet_file.h"
#include "state/desired/template/name.h"

enum { FIRST_SUBNET = 107, SUBNETS = 140 };

/* The third byte of 192.168.N.0; -1: another network. */
static int
networks_third(const char *gateway)
{
	struct in_addr ip;

	if (inet_pton(AF_INET, gateway, &ip) != 1 || ntohl(ip.s_addr) >> 16 != (192 << 8 | 168))
		return -1;
	return (int)(ntohl(ip.s_addr) >> 8 & 0xff);
}

/* A subnet for one that says none: the same every time, unless another network has it. */
static const char *
networks_choose(struct arena *a, const char *name, const struct networks *there, const struct network *ours, size_t nours)
{
	bool taken[256] = { false };
	unsigned at = (unsigned)(hash_text(HASH_START, name) % SUBNETS);

	for (size_t i = 0; i < there->n; i++)
		if (networks_third(there->v[i].gateway) >= 0)
			taken[networks_third(there->v[i].gateway)] = true;
	for (size_t i = 0; i < nours; i++)
		if (networks_third(ours[i].gateway) >= 0)
			taken[networks_third(ours[i].gateway)] = true;
	for (unsigned i = 0; i < SUBNETS; i++)
		if (!taken[FIRST_SUBNET + (at + i) % SUBNETS])
			return arena_printf(a, "192.168.%u.1", FIRST_SUBNET + (at + i) % SUBNETS);
	return arena_printf(a, "10.%u.%u.1", at, (unsigned)(hash_text(HASH_START, name) >> 8 & 0xff));
}

static void
networks_check_keys(struct fleet_reading *r, const struct val *up, const struct pair *p)
{
	static const char known[] = "mode gateway netmask egress hostLoopback";

	for (size_t i = 0; p->value->kind == NODE_MAP && i < p->value->npair; i++) {
		const struct node *key = p->value->pair[i].key;
		const char *near;

		if (word_in(key->text, known))
			continue;
		near = nearest_word(&r->f->arena, key->text, known);
		mistake_at(&r->l, up, arena_printf(&r->f->arena, "%s.%s", p->key->text, key->text), key, "unknown key",
			   nearest_hint(&r->f->arena, near));
	}
}

static void
networks_add(struct fleet_reading *r, const struct val *up, const struct pair *p, const struct networks *there)
{
	struct fleet *f = r->f;
	struct network *n = &f->networks[f->nnetworks];
	const char *fault = identifier_fault(&f->arena, p->key->text);
	const struct network *old;
	struct error why = { 0 };

	networks_check_keys(r, up, p);
	if (fault)
		diag_error_at(&r->l, up, p->key->text, p->key, "%s", fault);
	else if (network_read(n, &f->arena, p, &why) < 0)
		complain_text(&r->l, r->l.src, arena_strdup(&f->arena, why.msg));
	if (fault || why.code)
		return;
	if (*n->mode && strcmp(n->mode, "user-v2") != 0)
		diag_error_at(&r->l, up, arena_printf(&f->arena, "%s.mode", p->key->text), p->value,
			      "must be `user-v2`: a network of mode `%s` is the host's and stands in networks.yaml", n->mode);
	n->name = arena_printf(&f->arena, "%s%s", r->prefix, p->key->text);
	n->mode = "user-v2";
	n->fleet = f->name;
	old = networks_find(there, n->name);
	if (!*n->gateway)
		n->gateway = arena_strdup(&f->arena, old && *old->gateway ? old->gateway : networks_choose(&f->arena, n->name, there, f->networks, f->nnetworks));
	if (!*n->netmask)
		n->netmask = "255.255.255.0";
	f->nnetworks++;
}

void
fleet_read_networks(struct fleet_reading *r)
{
	const struct val *v = val_get(r->root, "networks");
	AUTO(networks) there = { 0 };
	struct error why;

	if (!v || !v->any->npair)
		return;
	if (networks_load(&there, r->l.opts->home, &why) < 0) {
		diag_error(&r->l, v, NULL, "%s", why.msg);
		return;
	}
	r->f->networks = arena_alloc(&r->f->arena, v->any->npair * sizeof *r->f->networks);
	for (size_t i = 0; i < v->any->npair; i++)
		networks_add(r, v, &v->any->pair[i], &there);
}
