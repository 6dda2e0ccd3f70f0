#include "providers/usernet.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

enum { EGRESS_MAX = 256, NAME_MAX_TEXT = 253 };

bool
usernet_mac_parse(uint8_t mac[USERNET_MAC], const char *text)
{
	unsigned v[USERNET_MAC];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &end) != USERNET_MAC ||
	    text[end])
		return false;
	for (size_t i = 0; i < USERNET_MAC; i++)
		mac[i] = (uint8_t)v[i];
	return true;
}

bool
usernet_ip_parse(uint32_t *ip, const char *text)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) != 1)
		return false;
	*ip = ntohl(in.s_addr);
	return true;
}

const char *
usernet_ip_text(struct arena *a, uint32_t ip)
{
	return arena_printf(a, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

static bool
range_parse(struct usernet_range *r, const char *word)
{
	auto_free char *ip = xstrdup(word);
	char *slash = strchr(ip, '/'), *end = NULL;
	long bits = 32;

	if (slash) {
		*slash = '\0';
		bits = strtol(slash + 1, &end, 10);
		if (end == slash + 1 || *end)
			return false;
	}
	if (bits < 0 || bits > 32 || !usernet_ip_parse(&r->base, ip))
		return false;
	r->mask = bits ? ~UINT32_C(0) << (32 - bits) : 0;
	r->base &= r->mask;
	return true;
}

/* "deb.debian.org", "*.example.com": what is no address, and what a DNS name may be (RFC 1123); a single word is more likely a mistake. In place, in lower case. */
static bool
name_parse(char *word)
{
	const char *label = strncmp(word, "*.", 2) ? word : word + 2;
	bool letter = false;

	if (!*label || strlen(label) > NAME_MAX_TEXT)
		return false;
	for (char *p = (char *)label; *p; p++) {
		*p = (char)tolower((unsigned char)*p);
		letter |= isalpha((unsigned char)*p) != 0;
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_' && (*p != '.' || p == label || p[-1] == '.'))
			return false;
	}
	return letter && strchr(word, '.') && label[strlen(label) - 1] != '.';
}

static int
egress_parse(struct usernet *n, const char *text, struct arena *a, struct error *err)
{
	char *words = arena_strdup(a, text), *next = NULL;
	struct usernet_range *v = arena_alloc(a, EGRESS_MAX * sizeof *v);
	const char **names = arena_alloc(a, EGRESS_MAX * sizeof *names);

	n->everywhere = !strcmp(text, "any");
	n->egress = v;
	n->names = names;
	if (n->everywhere || !strcmp(text, "none"))
		return 0;
	for (char *w = strtok_r(words, ", ", &next); w; w = strtok_r(NULL, ", ", &next)) {
		if (n->negress + n->nnames == EGRESS_MAX)
			return error_set(err, ERR_INVALID, "egress: more than %d ranges and names; wider ranges say the same", EGRESS_MAX);
		if (range_parse(&v[n->negress], w))
			n->negress++;
		else if (name_parse(w))
			names[n->nnames++] = w;
		else
			return error_set(err, ERR_INVALID,
					 "egress: `%s` is neither a range of addresses such as 10.0.0.0/8 nor a name such as deb.debian.org "
					 "or *.example.com; `any` and `none` are the other values",
					 w);
	}
	return 0;
}

int
usernet_init(struct usernet *n, const char *gateway, const char *netmask, const char *egress, bool host_loopback,
	     struct arena *a, struct error *err)
{
	uint32_t ip, mask;

	*n = (struct usernet){.host_loopback = host_loopback};
	if (!usernet_ip_parse(&ip, gateway))
		return error_set(err, ERR_INVALID, "gateway: `%s` is no IPv4 address", gateway);
	if (!usernet_ip_parse(&mask, netmask) || (~mask & (~mask + 1)))
		return error_set(err, ERR_INVALID, "netmask: `%s` is none; 255.255.255.0 is one", netmask);
	if (~mask < 7 || ~mask > 0xffffff)
		return error_set(err, ERR_INVALID,
				 "netmask: %s leaves room for too %s machines; 255.255.255.0 is the usual one", netmask,
				 ~mask < 7 ? "few" : "many");
	n->base = ip & mask;
	n->mask = mask;
	n->gateway = n->base + 2;
	n->resolver = (n->base | ~mask) - 1;
	return egress_parse(n, egress ? egress : "any", a, err);
}

void
usernet_egress_text(const struct usernet *n, struct buf *out)
{
	AUTO(arena) a = {0};
	size_t before = out->len;

	if (n->everywhere || (!n->negress && !n->nnames)) {
		buf_adds(out, n->everywhere ? "any" : "none");
		return;
	}
	for (size_t i = 0; i < n->negress; i++)
		buf_addf(out, "%s%s/%d", out->len > before ? " " : "", usernet_ip_text(&a, n->egress[i].base),
			 __builtin_popcount(n->egress[i].mask));
	for (size_t i = 0; i < n->nnames; i++)
		buf_addf(out, "%s%s", out->len > before ? " " : "", n->names[i]);
}

void
usernet_text(const struct usernet *n, struct buf *out)
{
	AUTO(arena) a = {0};

	buf_addf(out, "gateway %s\n", usernet_ip_text(&a, n->base + 1));
	buf_addf(out, "netmask %s\nhostLoopback %d\negress ", usernet_ip_text(&a, n->mask), n->host_loopback);
	usernet_egress_text(n, out);
	buf_addc(out, '\n');
}

/* The value of the line that begins with `word`; "" : none. In `a`. */
static const char *
line_value(const char *text, const char *word, struct arena *a)
{
	size_t len = strlen(word);

	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (!strncmp(p, word, len) && p[len] == ' ')
			return arena_memdup(a, p + len + 1, strcspn(p + len + 1, "\n"));
	return "";
}

int
usernet_load(struct usernet *n, const char *dir, struct arena *a, struct error *err)
{
	auto_free char *path = xasprintf("%s/network", dir);
	AUTO(buf) b = BUF_INIT;

	if (fs_read(path, &b, USERNET_FILE_MAX, err) < 0)
		return -1;
	if (usernet_init(n, line_value(b.s, "gateway", a), line_value(b.s, "netmask", a), line_value(b.s, "egress", a),
			 atoi(line_value(b.s, "hostLoopback", a)) != 0, a, err) < 0)
		return error_wrap(err, "%s", path);
	return 0;
}

void
usernet_port_text(const struct usernet_port *p, struct buf *out)
{
	AUTO(arena) a = {0};
	const uint8_t *m = p->mac;

	buf_addf(out, "socket %s\nhostname %s\nmac %02x:%02x:%02x:%02x:%02x:%02x\n", p->socket, p->hostname, m[0], m[1],
		 m[2], m[3], m[4], m[5]);
	buf_addf(out, "ip %s\nssh %d\ndns %d\n", usernet_ip_text(&a, p->ip), p->ssh_port, p->dns_port);
	if (p->alias && *p->alias)
		buf_addf(out, "fleet %s\nalias %s\n", p->fleet, p->alias);
}

static bool
is_port(int port)
{
	return port >= 0 && port <= 65535;
}

int
usernet_port_parse(struct usernet_port *p, const char *id, const char *text, struct arena *a, struct error *err)
{
	*p = (struct usernet_port){.id = arena_strdup(a, id),
				   .socket = line_value(text, "socket", a),
				   .hostname = line_value(text, "hostname", a),
				   .fleet = line_value(text, "fleet", a),
				   .alias = line_value(text, "alias", a),
				   .ssh_port = atoi(line_value(text, "ssh", a)),
				   .dns_port = atoi(line_value(text, "dns", a))};
	if (!usernet_mac_parse(p->mac, line_value(text, "mac", a)) ||
	    !usernet_ip_parse(&p->ip, line_value(text, "ip", a)) || *p->socket != '/' || !is_port(p->ssh_port) ||
	    !is_port(p->dns_port))
		return error_set(err, ERR_INVALID, "%s: no port of a switch", id);
	return 0;
}

int
usernet_port_load(struct usernet_port *p, const char *dir, const char *id, struct arena *a, struct error *err)
{
	auto_free char *path = xasprintf("%s/ports/%s", dir, id);
	AUTO(buf) b = BUF_INIT;

	return fs_read(path, &b, USERNET_FILE_MAX, err) < 0 ? -1 : usernet_port_parse(p, id, b.s, a, err);
}

/* --- leases.json: {"IP":"MAC",...}, as upstream keeps it --- */

static void
leases_text(const struct usernet *n, const char *text, const char *mac, uint32_t ip, struct buf *out)
{
	AUTO(arena) a = {0};
	char old[INET_ADDRSTRLEN], has[18];
	uint32_t other;

	buf_addc(out, '{');
	for (const char *p = text; (p = strchr(p, '"')); p = strchr(p + 1, '"') ? strchr(p + 1, '"') + 1 : "") {
		if (sscanf(p, "\"%15[0-9.]\" : \"%17[0-9a-fA-F:]\"", old, has) != 2 &&
		    sscanf(p, "\"%15[0-9.]\":\"%17[0-9a-fA-F:]\"", old, has) != 2)
			continue;
		if (usernet_ip_parse(&other, old) && (other & n->mask) == n->base && other != ip)
			buf_addf(out, "%s\"%s\":\"%s\"", out->len > 1 ? "," : "", old, has);
	}
	buf_addf(out, "%s\"%s\":\"%s\"}\n", out->len > 1 ? "," : "", usernet_ip_text(&a, ip), mac);
}

static bool
lease_find(const char *text, const char *mac, uint32_t *ip)
{
	auto_free char *quoted = xasprintf("\"%s\"", mac);
	const char *at = strcasestr(text, quoted), *colon = at ? memrchr(text, ':', (size_t)(at - text)) : NULL;
	const char *end = colon ? memrchr(text, '"', (size_t)(colon - text)) : NULL;
	const char *begin = end ? memrchr(text, '"', (size_t)(end - text)) : NULL;
	char word[INET_ADDRSTRLEN];

	if (!begin || (size_t)(end - begin) > sizeof word)
		return false;
	snprintf(word, sizeof word, "%.*s", (int)(end - begin - 1), begin + 1);
	return usernet_ip_parse(ip, word);
}

static bool
ip_is_free(const struct usernet *n, const char *text, uint32_t ip)
{
	AUTO(arena) a = {0};

	/* The first address is the gateway of networks.yaml, and must not be a machine's. */
	return ip > n->gateway && ip < n->resolver &&
	       !strstr(text, arena_printf(&a, "\"%s\"", usernet_ip_text(&a, ip)));
}

int
usernet_lease(const char *dir, const struct usernet *n, const char *mac, uint32_t *ip, struct error *err)
{
	auto_free char *path = xasprintf("%s/leases.json", dir), *lock = xasprintf("%s/.leases.lock", dir);
	auto_close int fd = fs_lock(lock, true, err);
	AUTO(buf) old = BUF_INIT;
	AUTO(buf) text = BUF_INIT;

	if (fd < 0 || fs_read_if(path, &old, USERNET_FILE_MAX, err) < 0)
		return -1;
	if (lease_find(old.s, mac, ip) && (*ip & n->mask) == n->base && *ip != n->gateway &&
	    *ip<n->resolver && * ip> n->base)
		return 0;
	for (*ip = n->gateway + 1; *ip < n->resolver && !ip_is_free(n, old.s, *ip);)
		++*ip;
	if (*ip >= n->resolver)
		return error_set(err, EADDRNOTAVAIL,
				 "%s: all addresses of this network are given away; remove those of machines that are "
				 "gone from it",
				 path);
	leases_text(n, old.s, mac, *ip, &text);
	return fs_write(path, text.s, text.len, 0600, err);
}
