#include "state/desired/spec/networks.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "state/desired/spec/spec.h"
#include "state/desired/yaml/scalar.h"
#include "state/desired/yaml/yaml.h"

enum { MAX_FILE = 1 << 20 };

static const char default_text[] =
	"# Networks that instances can name in `networks: [{lima: NAME}]`.\n"
	"# Modes: user-v2 on any host; shared, host and bridged by socket_vmnet on macOS.\n"
	"paths:\n"
	"  socketVMNet: /opt/socket_vmnet/bin/socket_vmnet\n"
	"  varRun: /private/var/run/lima\n"
	"  sudoers: /private/etc/sudoers.d/lima\n"
	"\n"
	"group: admin\n"
	"\n"
	"networks:\n"
	"  user-v2:\n"
	"    mode: user-v2\n"
	"    gateway: 192.168.104.1\n"
	"    netmask: 255.255.255.0\n"
	"  shared:\n"
	"    mode: shared\n"
	"    gateway: 192.168.105.1\n"
	"    dhcpEnd: 192.168.105.254\n"
	"    netmask: 255.255.255.0\n"
	"  bridged:\n"
	"    mode: bridged\n"
	"    interface: en0\n"
	"  host:\n"
	"    mode: host\n"
	"    gateway: 192.168.106.1\n"
	"    dhcpEnd: 192.168.106.254\n"
	"    netmask: 255.255.255.0\n";

void
networks_default_text(struct buf *out)
{
	buf_adds(out, default_text);
}

struct reading {
	struct networks *out;	/* NULL: one entry is read, by itself */
	struct arena *a;
	struct error *err;
};

static int
networks_fail(struct reading *r, const struct node *n, const char *key, const char *what)
{
	AUTO(buf) b = BUF_INIT;

	node_where(n, &b);
	return error_set(r->err, ERR_INVALID, "%s: %s: %s", b.s, key, what);
}

/* Reads a text below `map`; "" when it is unset. */
static int
read_text(struct reading *r, const struct node *map, const char *key, const char **out)
{
	const struct node *n = node_get(map, key);

	if (!n)
		return 0;
	*out = scalar_text(r->a, n);
	return *out ? 0 : networks_fail(r, n, key, "must be a string");
}

static int
read_ip(struct reading *r, const struct node *map, const char *key, const char **out)
{
	unsigned char b[16];

	if (read_text(r, map, key, out) < 0)
		return -1;
	if (**out && inet_pton(AF_INET, *out, b) != 1 && inet_pton(AF_INET6, *out, b) != 1)
		return networks_fail(r, node_get(map, key), key, "must be an IP address");
	return 0;
}

/* Where guests of a user-v2 network may connect to. */
static int
read_rules(struct reading *r, const struct node *map, struct network *out)
{
	const struct node *egress = node_get(map, "egress");
	const char *loopback = "true";
	AUTO(buf) list = BUF_INIT;

	if (egress && egress->kind == NODE_LIST) {
		for (size_t i = 0; i < egress->n; i++) {
			const char *one = scalar_text(r->a, egress->item[i]);

			if (!one)
				return networks_fail(r, egress, "egress", "must be any, none, or a list of address ranges and names");
			buf_addf(&list, "%s%s", i ? " " : "", one);
		}
		out->egress = arena_strdup(r->a, list.len ? list.s : "none");
	} else if (egress && read_text(r, map, "egress", &out->egress) < 0) {
		return -1;
	}
	if (read_text(r, map, "hostLoopback", &loopback) < 0)
		return -1;
	if (strcmp(loopback, "true") != 0 && strcmp(loopback, "false") != 0)
		return networks_fail(r, node_get(map, "hostLoopback"), "hostLoopback", "must be true or false");
	out->host_loopback = !strcmp(loopback, "true");
	return 0;
}

static int
read_network(struct reading *r, const struct pair *p, struct network *out)
{
	*out = (struct network){ p->key->text, "", "", "", "", "", "any", true, "" };
	if (p->value->kind == NODE_NULL)
		return 0;
	if (p->value->kind != NODE_MAP)
		return networks_fail(r, p->value, p->key->text, "must be a mapping");
	if (read_text(r, p->value, "mode", &out->mode) < 0 || read_text(r, p->value, "interface", &out->interface) < 0)
		return -1;
	if (read_ip(r, p->value, "gateway", &out->gateway) < 0 || read_ip(r, p->value, "dhcpEnd", &out->dhcp_end) < 0)
		return -1;
	if (read_ip(r, p->value, "netmask", &out->netmask) < 0 || read_text(r, p->value, "fleet", &out->fleet) < 0)
		return -1;
	return read_rules(r, p->value, out);
}

int
network_read(struct network *out, struct arena *a, const struct pair *p, struct error *err)
{
	struct reading r = { .a = a, .err = err };

	return read_network(&r, p, out);
}

static int
networks_compare(const void *a, const void *b)
{
	return strcmp(((const struct network *)a)->name, ((const struct network *)b)->name);
}

static int
read_networks(struct reading *r, const struct node *map)
{
	static const struct network builtin = { "user-v2", "user-v2", "", "192.168.104.1", "", "255.255.255.0", "any", true, "" };
	size_t count = map && map->kind == NODE_MAP ? map->npair : 0;
	struct network *v = arena_alloc(r->a, (count + 1) * sizeof *v);
	bool usernet = false;
	size_t n = 0;

	if (map && map->kind != NODE_MAP && map->kind != NODE_NULL)
		return networks_fail(r, map, "networks", "must be a mapping");
	for (size_t i = 0; i < count; i++, n++) {
		if (read_network(r, &map->pair[i], &v[n]) < 0)
			return -1;
		usernet |= !strcmp(v[n].mode, "user-v2") && *v[n].gateway;
	}
	for (size_t i = 0; !usernet && i < n; i++)
		if (!strcmp(v[i].name, builtin.name))
			v[i--] = v[--n];
	if (!usernet)
		v[n++] = builtin;
	qsort(v, n, sizeof *v, networks_compare);
	r->out->v = v;
	r->out->n = n;
	return 0;
}

static int
read_file(struct reading *r, struct source *src)
{
	struct networks *out = r->out;
	struct node *root, *paths;

	if (yaml_read(&root, &out->arena, src, NULL, r->err) < 0)
		return -1;
	if (root->kind != NODE_MAP && root->kind != NODE_NULL)
		return networks_fail(r, root, "networks.yaml", "must be a mapping");
	paths = node_get(root, "paths");
	if (read_text(r, paths, "socketVMNet", &out->socket_vmnet) < 0 || read_text(r, paths, "varRun", &out->var_run) < 0 ||
	    read_text(r, paths, "sudoers", &out->sudoers) < 0 || read_text(r, root, "group", &out->group) < 0)
		return -1;
	return read_networks(r, node_get(root, "networks"));
}

int
networks_load(struct networks *out, const char *home, struct error *err)
{
	auto_free char *path = xasprintf("%s/_config/networks.yaml", home);
	struct networks n = { .socket_vmnet = "", .var_run = "", .sudoers = "", .group = "" };
	struct reading r = { &n, &n.arena, err };
	struct source *src;
	AUTO(buf) text = BUF_INIT;
	int rc = fs_read_given(path, &text, MAX_FILE, err);

	if (rc < 0)
		return -1;
	if (!rc)
		buf_adds(&text, default_text);
	src = arena_alloc(&n.arena, sizeof *src);
	src->name = arena_strdup(&n.arena, path);
	src->text = arena_memdup(&n.arena, text.s, text.len);
	src->len = text.len;
	if (read_file(&r, src) < 0) {
		arena_release(&n.arena);
		return -1;
	}
	*out = n;
	return 0;
}

int
networks_load_all(struct networks *out, const struct spec_opts *opts, struct error *err)
{
	struct network *v;
	size_t n = 0;

	if (networks_load(out, opts->home, err) < 0)
		return -1;
	if (!opts->nnetworks)
		return 0;
	v = arena_alloc(&out->arena, (out->n + opts->nnetworks) * sizeof *v);
	memcpy(v, opts->networks, opts->nnetworks * sizeof *v);
	n = opts->nnetworks;
	for (size_t i = 0; i < out->n; i++) {
		size_t k = 0;

		while (k < opts->nnetworks && strcmp(opts->networks[k].name, out->v[i].name) != 0)
			k++;
		if (k == opts->nnetworks)
			v[n++] = out->v[i];
	}
	qsort(v, n, sizeof *v, networks_compare);
	out->v = v;
	out->n = n;
	return 0;
}

void
networks_release(struct networks *n)
{
	arena_release(&n->arena);
	*n = (struct networks){ 0 };
}

const struct network *
networks_find(const struct networks *n, const char *name)
{
	for (size_t i = 0; i < n->n; i++)
		if (!strcmp(n->v[i].name, name))
			return &n->v[i];
	return NULL;
}

const char *
networks_host(struct arena *a, const struct network *n)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr ip, mask;

	if (inet_pton(AF_INET, n->gateway, &ip) != 1 || inet_pton(AF_INET, *n->netmask ? n->netmask : "255.255.255.0", &mask) != 1)
		return "";
	ip.s_addr = (ip.s_addr & mask.s_addr) | htonl(2);
	return arena_strdup(a, inet_ntop(AF_INET, &ip, text, sizeof text));
}
