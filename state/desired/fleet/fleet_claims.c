/* What two members cannot both have: ports and sockets of the host, data disks, hardware addresses. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "state/desired/fleet/fleet_file.h"
#include "state/desired/spec/loaded.h"

enum { WIDE = 1000 };	/* a rule for so many ports is for whatever the guest listens on, and claims none */

struct claim {
	const char *kind;		/* "tcp port", "data disk" */
	const char *what;		/* "127.0.0.1", a name; "" */
	int low, high;			/* of ports; 0 */
	const struct fleet_member *member;
	bool other;			/* it is an instance outside of the fleet */
	const struct val *at;
};

struct claims {
	struct claim *v;
	size_t n, cap;
	bool others;			/* what is added now is theirs */
};

static void
claims_release(struct claims *c)
{
	free(c->v);
}

static void
claims_add(struct claims *c, const char *kind, const char *what, int low, int high, const struct fleet_member *m, const struct val *at)
{
	GROW(c->v, c->n, c->cap);
	c->v[c->n++] = (struct claim){ kind, what, low, high, m, c->others, at };
}

static bool
claims_is_any(const char *ip)
{
	return !strcmp(ip, "0.0.0.0") || !strcmp(ip, "::");
}

static void
claims_of_forward(struct claims *c, const struct fleet_member *m, const struct spec_forward *f, const struct val *at)
{
	if (f->ignore || f->reverse)
		return;
	if (*f->host_socket)
		claims_add(c, "socket", f->host_socket, 0, 0, m, at);
	if (!f->host_port[0] || f->host_port[1] - f->host_port[0] >= WIDE)
		return;
	if (f->proto != PROTO_UDP)
		claims_add(c, "tcp port", f->host_ip, f->host_port[0], f->host_port[1], m, at);
	if (f->proto != PROTO_TCP)
		claims_add(c, "udp port", f->host_ip, f->host_port[0], f->host_port[1], m, at);
}

static void
claims_of(struct claims *c, const struct fleet_member *m, const struct spec *s)
{
	const struct val *root = loaded_of(s)->root, *forwards = val_get(root, "portForwards"), *disks = val_get(root, "additionalDisks");
	const struct val *networks = val_get(root, "networks"), *ssh = val_get(root, "ssh");

	for (size_t i = 0; forwards && i < s->nforwards && i < forwards->n; i++)
		claims_of_forward(c, m, &s->forwards[i], forwards->item[i]);
	if (s->ssh.local_port)
		claims_add(c, "tcp port", "127.0.0.1", s->ssh.local_port, s->ssh.local_port, m, val_get(ssh, "localPort"));
	for (size_t i = 0; disks && i < s->ndisks && i < disks->n; i++)
		claims_add(c, "data disk", s->disks[i].name, 0, 0, m, disks->item[i]);
	for (size_t i = 0; networks && i < s->nnetworks && i < networks->n; i++) {
		const struct val *mac = val_get(networks->item[i], "macAddress");

		if (mac && mac->at && *s->networks[i].mac_address)
			claims_add(c, "hardware address", s->networks[i].mac_address, 0, 0, m, mac);
	}
}

/* By kind and first port; what has no port, by name. */
static int
claims_compare(const void *x, const void *y)
{
	const struct claim *a = x, *b = y;
	int c = strcmp(a->kind, b->kind);

	if (!c)
		c = (a->low > b->low) - (a->low < b->low);
	if (!c && !a->low)
		c = strcmp(a->what, b->what);
	return c ? c : (a->member > b->member) - (a->member < b->member);
}

static bool
claims_collide(const struct claim *a, const struct claim *b)
{
	if (strcmp(a->kind, b->kind) != 0 || a->member == b->member || (a->other && b->other))
		return false;
	if (!a->low)
		return !strcmp(a->what, b->what);
	return a->high >= b->low && (!strcmp(a->what, b->what) || claims_is_any(a->what) || claims_is_any(b->what));
}

static struct text_place
claims_place(const struct claim *c)
{
	const struct val *v = c->at;

	while (v && !v->at)
		v = v->up;
	return v ? node_place(v->at) : c->member->place;
}

static void
claims_tell(struct load *l, const struct claim *first, const struct claim *second)
{
	const struct claim *swap = second;
	struct text_place where, other;
	AUTO(buf) path = BUF_INIT;
	AUTO(buf) b = BUF_INIT;

	/* It is the fleet file that is to be mended. */
	if (second->other) {
		second = first;
		first = swap;
	}
	where = claims_place(second);
	other = claims_place(first);
	val_path(second->at, &path);
	buf_addf(&b, "%s:%u:%u: ", where.file, where.line, where.col);
	if (second->member->key)
		buf_addf(&b, "instances.%s%s", second->member->key, path.len ? "." : "");
	buf_addf(&b, "%s: ", path.s);
	if (second->low)
		buf_addf(&b, "%s %d of %s", second->kind, second->low, second->what);
	else
		buf_addf(&b, "%s `%s`", second->kind, second->what);
	buf_addf(&b, " is claimed by `%s` and by `%s` (%s:%u:%u)", second->member->name, first->member->name, other.file, other.line, other.col);
	if (first->other)
		buf_adds(&b, ", an instance that runs and is not of this fleet");
	if (other.file == where.file && other.line == where.line && other.col == where.col && second->low && second->member->key)
		buf_adds(&b, "; `{{add 8080 .Index}}` is another one for each");
	complain_text(l, l->src, arena_strdup(l->a, b.s));
}

int
fleet_check_claims(const struct fleet *f, struct spec *const *specs, const struct fleet_others *others, const struct spec_opts *opts,
		   struct error *err)
{
	AUTO(arena) a = { 0 };
	AUTO(claims) c = { 0 };
	const struct source src = { .name = f->file, .text = "" };
	struct load l = { .a = &a, .opts = opts, .src = &src, .err = err };
	const struct fleet_member *told = NULL;

	for (size_t i = 0; i < f->nmembers; i++)
		claims_of(&c, &f->members[i], specs[i]);
	c.others = true;
	for (size_t i = 0; others && i < others->n; i++)
		claims_of(&c, &others->members[i], others->specs[i]);
	if (c.n)
		qsort(c.v, c.n, sizeof *c.v, claims_compare);
	for (size_t i = 1; i < c.n; i++) {
		size_t k = i;

		/* Ranges are short, so one that reaches this far is near in the list. */
		while (k > 0 && i - k < 64 && !claims_collide(&c.v[k - 1], &c.v[i]))
			k--;
		/* One collision is told for all members of one key. */
		if (k == 0 || i - k >= 64 || (told && told->key && !strcmp(told->key, c.v[i].member->key)))
			continue;
		told = c.v[i].member;
		claims_tell(&l, &c.v[k - 1], &c.v[i]);
	}
	return report_all(&l);
}
