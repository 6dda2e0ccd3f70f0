/* Keys of port forwards and of copyToHost. */
#include <string.h>
#include <sys/un.h>

#include "base/mem.h"
#include "state/desired/spec/load.h"
#include "state/desired/spec/paths.h"

static struct val *
default_must_be_zero(struct load *l, struct val *up)
{
	const struct val *ip = val_get(up, "guestIP");

	return val_bool(l, up, "guestIPMustBeZero", ip && !strcmp(ip->s, "0.0.0.0"));
}

static struct val *
default_guest_ip(struct load *l, struct val *up)
{
	return val_text(l, up, "guestIP", val_b(up, "guestIPMustBeZero") ? "0.0.0.0" : "127.0.0.1");
}

static struct val *
keys_forward_range(struct load *l, struct val *up, const char *key, int64_t first, int64_t last)
{
	struct val **slot = val_slot(up, key), *v;
	const struct key *k = &up->key->sub[slot - up->sub];

	v = *slot = val_new(l, k, KEY_PORTS, up, NULL);
	v->item = arena_alloc(l->a, 2 * sizeof *v->item);
	for (v->n = 0; v->n < 2; v->n++) {
		v->item[v->n] = val_new(l, k, KEY_INT, v, NULL);
		v->item[v->n]->index = (int)v->n;
		v->item[v->n]->i = v->n ? last : first;
	}
	return v;
}

static int64_t
end_of(const struct val *forward, const char *key, size_t which)
{
	const struct val *v = val_get(forward, key);

	return v && v->n > which ? v->item[which]->i : 0;
}

static struct val *
default_guest_range(struct load *l, struct val *up)
{
	int64_t port = val_i(up, "guestPort");

	return port ? keys_forward_range(l, up, "guestPortRange", port, port) : keys_forward_range(l, up, "guestPortRange", 1, 65535);
}

static struct val *
default_host_range(struct load *l, struct val *up)
{
	int64_t port = val_i(up, "hostPort");

	if (!val_empty(val_get(up, "hostSocket")))
		return keys_forward_range(l, up, "hostPortRange", 0, 0);
	if (port)
		return keys_forward_range(l, up, "hostPortRange", port, port);
	return keys_forward_range(l, up, "hostPortRange", end_of(up, "guestPortRange", 0), end_of(up, "guestPortRange", 1));
}

static void
finish_host_socket(struct load *l, struct val *v)
{
	if (*v->s && *v->s != '/')
		v->s = path_clean(l->a, arena_printf(l->a, "%s/sock/%s", l->dir, v->s));
}

/*
 * The order of the rows is that of filling: a range needs its port and socket. So the
 * sockets come before the ranges, unlike in the reference.
 */
const struct key keys_forwards[] = {
	{ "guestIPMustBeZero", KEY_BOOL, .make = default_must_be_zero, .usual = "true if `guestIP` is 0.0.0.0, else false", AT(spec_forward, guest_ip_must_be_zero), .change = CHANGE_LIVE,
	  .about = "Match only what listens on 0.0.0.0 itself." },
	{ "guestIP", KEY_IP, .make = default_guest_ip, .usual = "127.0.0.1; 0.0.0.0 with `guestIPMustBeZero`", AT(spec_forward, guest_ip), .change = CHANGE_LIVE,
	  .about = "Address in the guest; 0.0.0.0 matches any." },
	{ "guestPort", KEY_INT, .flags = KEY_QUIET, .change = CHANGE_LIVE, .about = "Port in the guest." },
	{ "guestSocket", KEY_TEXT, .flags = KEY_QUIET, .expr = EXPR_GUEST, AT(spec_forward, guest_socket), .change = CHANGE_LIVE,
	  .about = "UNIX socket in the guest." },
	{ "guestPortRange", KEY_PORTS, .make = default_guest_range, .usual = "`guestPort`, or [1, 65535]", AT(spec_forward, guest_port), .change = CHANGE_LIVE,
	  .about = "First and last port in the guest." },
	{ "hostIP", KEY_IP, .flags = KEY_HOST | KEY_HOST_ADDRESS, .def = "127.0.0.1", AT(spec_forward, host_ip), .change = CHANGE_LIVE, .about = "Address on the host." },
	{ "hostPort", KEY_INT, .flags = KEY_QUIET, .change = CHANGE_LIVE, .about = "Port on the host." },
	{ "hostSocket", KEY_TEXT, .flags = KEY_QUIET | KEY_HOST | KEY_HOST_OWN, .expr = EXPR_HOST, .finish = finish_host_socket, .check = caution_guest_writes, AT(spec_forward, host_socket),
	  .change = CHANGE_LIVE, .about = "UNIX socket on the host; relative ones are in the instance's sock folder." },
	{ "hostPortRange", KEY_PORTS, .make = default_host_range, .usual = "`hostPort`, or the same as `guestPortRange`", AT(spec_forward, host_port), .change = CHANGE_LIVE,
	  .about = "First and last port on the host." },
	{ "proto", KEY_TEXT, .words = "any tcp udp", .flags = KEY_BLANK_UNSET, .def = "any", AT(spec_forward, proto),
	  .size = sizeof(enum proto), .change = CHANGE_LIVE, .about = "tcp, udp or any of them." },
	{ "reverse", KEY_BOOL, .flags = KEY_QUIET | KEY_HOST, AT(spec_forward, reverse), .change = CHANGE_LIVE,
	  .about = "From the guest to the host; sockets only." },
	{ "ignore", KEY_BOOL, .flags = KEY_QUIET, AT(spec_forward, ignore), .change = CHANGE_LIVE, .about = "Do not forward what matches." },
	{ "static", KEY_BOOL, .flags = KEY_QUIET, AT(spec_forward, is_static), .change = CHANGE_LIVE,
	  .about = "Forward from the start, whether anybody listens or not." },
	{ NULL }
};

/* Checks a port, or one end of a range; true when it is valid. */
static bool
check_port(struct load *l, const struct val *f, const char *key, int64_t port)
{
	if (port < 0)
		diag_error(l, f, key, "must be > 0, got %lld", (long long)port);
	else if (port == 0)
		diag_error(l, f, key, "must be set");
	else if (port == 22)
		diag_error(l, f, key, "must not be 22 (that is sshd's)");
	else if (port > 65535)
		diag_error(l, f, key, "must be < 65536, got %lld", (long long)port);
	return port > 0 && port != 22 && port <= 65535;
}

struct side {
	const char *port, *range, *socket;
};
static const struct side guest = { "guestPort", "guestPortRange", "guestSocket" };
static const struct side host = { "hostPort", "hostPortRange", "hostSocket" };

static void
check_side(struct load *l, const struct val *f, const struct side *s, bool skip_range)
{
	int64_t port = val_i(f, s->port), first = end_of(f, s->range, 0), last = end_of(f, s->range, 1);
	const struct val *r = val_get(f, s->range);
	bool ok = true;

	if (port && *val_s(f, s->socket))
		diag_error(l, f, s->port, "must be 0 when field `%s` is set", s->socket);
	if (port)
		ok = check_port(l, f, s->port, port);
	if (port && port != first)
		diag_error(l, f, s->port, "must match `%s[0]`, which is %lld, got %lld", s->range, (long long)first, (long long)port);
	if (r && r->n > 2)
		diag_error(l, f, s->range, "must have two numbers, first and last, got %zu", r->n);
	if (!skip_range && ok) {
		bool a = check_port(l, f, arena_printf(l->a, "%s[0]", s->range), first);
		bool b = (r && r->at) || first != last ? check_port(l, f, arena_printf(l->a, "%s[1]", s->range), last) : a;

		if (a && b && last < first)
			diag_error(l, f, arena_printf(l->a, "%s[1]", s->range), "must not be less than `%s[0]`, %lld", s->range, (long long)first);
	}
}

/* The host's ports default to the guest's, which have been checked. */
static bool
is_copy(const struct val *f)
{
	const struct val *r = val_get(f, "hostPortRange");

	return r && !r->at && !val_i(f, "hostPort");
}

static void
check_sockets(struct load *l, const struct val *f)
{
	const char *g = val_s(f, "guestSocket"), *h = val_s(f, "hostSocket");
	long long gn = end_of(f, "guestPortRange", 1) - end_of(f, "guestPortRange", 0);
	long long hn = end_of(f, "hostPortRange", 1) - end_of(f, "hostPortRange", 0);
	size_t room = sizeof ((struct sockaddr_un *)0)->sun_path;

	if (*g && *g != '/')
		diag_error(l, f, "guestSocket", "must be an absolute path, got `%s`", g);
	if (*g && !*h && hn > 0)
		diag_error(l, f, "guestSocket", "can only be mapped to a single port or socket; give `hostPort` or `hostSocket`");
	if (*h && !*g && gn > 0)
		diag_error(l, f, "hostSocket", "can only be mapped from a single port or socket; give `guestPort` or `guestSocket`");
	if (!*h && !*g && gn != hn)
		diag_error(l, f, "hostPortRange", "must specify the same number of ports as `guestPortRange`, %lld, got %lld", gn + 1, hn + 1);
	if (*h && strlen(h) >= room)
		diag_error(l, f, "hostSocket", "must be less than %zu characters, but is %zu: `%s`", room, strlen(h), h);
	if (val_b(f, "reverse") && (!*g || !*h))
		diag_error(l, f, "reverse", "must be false unless both `guestSocket` and `hostSocket` are set");
}

void
check_forward(struct load *l, const struct val *f)
{
	if (val_b(f, "guestIPMustBeZero") && strcmp(val_s(f, "guestIP"), "0.0.0.0"))
		diag_error(l, f, "guestIPMustBeZero", "can only be true when `guestIP` is `0.0.0.0`, which is `%s`", val_s(f, "guestIP"));
	check_side(l, f, &guest, false);
	check_side(l, f, &host, *val_s(f, "hostSocket") || is_copy(f));
	check_sockets(l, f);
}

static void
check_absolute(struct load *l, const struct val *v)
{
	if (*v->s && *v->s != '/')
		diag_error(l, v, NULL, "must be an absolute path, got `%s`", v->s);
}

static void
check_host_file(struct load *l, const struct val *v)
{
	check_absolute(l, v);
	caution_guest_writes(l, v);
}

const struct key keys_copies[] = {
	{ "guest", KEY_TEXT, .flags = KEY_QUIET, .expr = EXPR_GUEST, .check = check_absolute, AT(spec_copy, guest), .go = "GuestFile",
	  .change = CHANGE_AGENT, .about = "File in the guest." },
	{ "host", KEY_TEXT, .flags = KEY_QUIET | KEY_HOST, .expr = EXPR_HOST, .check = check_host_file, AT(spec_copy, host), .go = "HostFile",
	  /* A host agent may write where this was to when it started, and nowhere else until it ends */
	  .change = CHANGE_RESTART, .about = "Where it goes on the host." },
	{ "skipIfMissing", KEY_BOOL, .flags = KEY_QUIET, AT(spec_copy, skip_if_missing), .change = CHANGE_AGENT,
	  .about = "It may be absent." },
	{ "deleteOnStop", KEY_BOOL, .flags = KEY_QUIET, AT(spec_copy, delete_on_stop), .change = CHANGE_AGENT,
	  .about = "Delete the copy when the instance stops." },
	{ NULL }
};
