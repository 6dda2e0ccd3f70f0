/* Keys of networks and of name resolution. */
#include <string.h>
#include <strings.h>
#include <ctype.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/load.h"
#include "state/desired/spec/networks.h"

enum { INTERFACE_MAX = 15 };	/* bytes, of Linux */

static void
check_interface(struct load *l, const struct val *v)
{
	const struct val *list = v->up->up;

	if (strlen(v->s) > INTERFACE_MAX)
		diag_error(l, v, NULL, "must be less than 16 bytes, but is %zu: `%s`", strlen(v->s), v->s);
	if (strpbrk(v->s, " \t\n/"))
		diag_error(l, v, NULL, "must not contain whitespace or slashes, got `%s`", v->s);
	if (!strcmp(v->s, "eth0"))
		diag_error(l, v, NULL, "must not be `eth0`, which is the built-in interface");
	for (int i = 0; i < v->up->index; i++)
		if (!strcmp(val_s(list->item[i], "interface"), v->s))
			diag_error(l, v, NULL, "`%s` has already been used by `networks[%d].interface`", v->s, i);
}

/* A MAC address is six bytes in hex: 11:22:33:44:55:66, 11-22-33-44-55-66 or 1122.3344.5566. */
static bool
is_mac(const char *s)
{
	char sep = s[0] && s[1] ? s[2] : 0;
	size_t group = sep == ':' || sep == '-' ? 2 : 4, len = strlen(s);

	if (group == 4)
		sep = '.';
	if (len != (group == 2 ? 17 : 14))
		return false;
	for (size_t i = 0; i < len; i++)
		if (i % (group + 1) == group ? s[i] != sep : !isxdigit((unsigned char)s[i]))
			return false;
	return true;
}

static void
check_mac(struct load *l, const struct val *v)
{
	if (*v->s && !is_mac(v->s))
		diag_error(l, v, NULL, "must be a 48 bit (6 bytes) MAC address such as 52:55:55:12:34:56, got `%s`", v->s);
}

static void
check_lima_network(struct load *l, const struct val *v)
{
	AUTO(networks) nets = { 0 };
	AUTO(buf) names = BUF_INIT;
	const struct network *n;
	const char *near;
	struct error why;

	if (!*v->s)
		return;
	if (networks_load_all(&nets, l->opts, &why) < 0) {
		diag_error(l, v, NULL, "%s", why.msg);
		return;
	}
	n = networks_find(&nets, v->s);
	if (!n) {
		for (size_t i = 0; i < nets.n; i++)
			buf_addf(&names, "%s%s", i ? " " : "", nets.v[i].name);
		near = nearest_word(l->a, v->s, names.s);
		diag_error(l, v, NULL, "network `%s` is not defined in networks.yaml, which has %s%s", v->s, words_text(l->a, names.s),
			 nearest_hint(l->a, near));
	} else if (strcmp(n->mode, "user-v2") && strcmp(l->host->os, "Darwin")) {
		diag_error(l, v, NULL, "network `%s` has mode `%s`, which is only supported on macOS right now; only user-v2 networks work here",
			 v->s, n->mode);
	}
}

static void
check_socket(struct load *l, const struct val *v)
{
	struct stat st;

	if (*v->s && stat(v->s, &st) == 0 && !S_ISSOCK(st.st_mode))
		diag_error(l, v, NULL, "points to a non-socket file: `%s`", v->s);
}

const struct key keys_networks[] = {
	{ "lima", KEY_TEXT, .flags = KEY_QUIET, .check = check_lima_network, AT(spec_network, lima), .change = CHANGE_RESTART,
	  .about = "A network of networks.yaml." },
	{ "socket", KEY_TEXT, .flags = KEY_QUIET | KEY_HOST, .check = check_socket, AT(spec_network, socket), .change = CHANGE_RESTART,
	  .about = "Socket of a network daemon that is run elsewhere." },
	{ "vzNAT", KEY_BOOL, AT(spec_network, vz_nat), .go = "VZNAT", .change = CHANGE_RESTART, .about = "The NAT of vz." },
	{ "macAddress", KEY_TEXT, .check = check_mac, AT(spec_network, mac_address), .go = "MACAddress", .change = CHANGE_RESTART,
	  .about = "Hardware address; made up of the machine and the instance by default." },
	{ "interface", KEY_TEXT, .check = check_interface, AT(spec_network, interface), .change = CHANGE_RESTART,
	  .about = "Name in the guest; lima0, lima1, ... by default." },
	{ "metric", KEY_UINT32, .def = "100", AT(spec_network, metric), .change = CHANGE_RESTART, .about = "Cost of its routes." },
	{ NULL }
};

static void
keys_network_move(struct val *to, const struct val *from, const char *key)
{
	struct val *v = val_get(from, key);

	if (v && v->at)
		*val_slot(to, key) = v;
}

/* A later entry of one interface overrides what it gives; `lima` and `socket` exclude each other. */
static void
keys_network_combine(struct val *to, const struct val *from)
{
	if (*val_s(from, "lima")) {
		keys_network_move(to, from, "lima");
		*val_slot(to, "socket") = NULL;
	} else if (*val_s(from, "socket")) {
		keys_network_move(to, from, "socket");
		*val_slot(to, "lima") = NULL;
	}
	keys_network_move(to, from, "macAddress");
	keys_network_move(to, from, "metric");
}

void
finish_networks(struct load *l, struct val *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		struct val *net = v->item[i], *first = NULL;

		for (size_t k = 0; k < n && !first && *val_s(net, "interface"); k++)
			if (!strcmp(val_s(v->item[k], "interface"), val_s(net, "interface")))
				first = v->item[k];
		if (first) {
			keys_network_combine(first, net);
			continue;
		}
		net->index = (int)n;
		v->item[n++] = net;
	}
	v->n = n;
	for (size_t i = 0; i < n; i++) {
		if (!*val_s(v->item[i], "macAddress")) {
			char *mac = arena_alloc(l->a, 18);

			host_mac(l->host, arena_printf(l->a, "%s#%zu", l->path, i), mac);
			val_text(l, v->item[i], "macAddress", mac);
		}
		if (!*val_s(v->item[i], "interface"))
			val_text(l, v->item[i], "interface", arena_printf(l->a, "lima%zu", i));
	}
}

void
check_network(struct load *l, const struct val *v)
{
	bool lima = *val_s(v, "lima"), socket = *val_s(v, "socket"), nat = val_b(v, "vzNAT");
	AUTO(buf) path = BUF_INIT;

	val_path(v, &path);
	if (lima + socket + nat > 1)
		diag_error(l, v, NULL, "`%s.lima`, `%s.socket` and `%s.vzNAT` are mutually exclusive; keep one", path.s, path.s, path.s);
	if (lima + socket + nat == 0)
		diag_error(l, v, NULL, "`%s.lima` or `%s.socket` (or vzNAT: true) must be set", path.s, path.s);
}

const struct key keys_resolver[] = {
	{ "enabled", KEY_BOOL, .def = "true", AT(spec, resolver.enabled), .change = CHANGE_RESTART,
	  .about = "Answer the guest's name queries by the host." },
	{ "ipv6", KEY_BOOL, .def = "false", AT(spec, resolver.ipv6), .go = "IPv6", .change = CHANGE_AGENT,
	  .about = "Answer with IPv6 addresses, too." },
	{ "hosts", KEY_MAP, .mix = MIX_MAP, AT_LIST(spec, resolver.hosts, resolver.nhosts, spec_pair), .change = CHANGE_AGENT,
	  .about = "Further names: addresses, or names to take the address of." },
	{ NULL }
};
