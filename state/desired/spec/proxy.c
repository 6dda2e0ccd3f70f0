#include "state/desired/spec/proxy.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/load.h"
#include "state/desired/spec/networks.h"

enum { MAX_HOSTS = 1 << 20 };

const char *const proxy_names[] = { "ftp_proxy", "http_proxy", "https_proxy", "no_proxy", NULL };

static const char *
proxy_upper(struct arena *a, const char *s)
{
	char *u = arena_strdup(a, s);

	for (char *p = u; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return u;
}

static const char *
proxy_get(const struct spec *s, const char *key)
{
	for (size_t i = 0; i < s->nenv; i++)
		if (!strcmp(s->env[i].key, key))
			return s->env[i].value;
	return NULL;
}

/* The array has room for eight more than lima.yaml has. */
static void
proxy_set(struct spec *s, const char *key, const char *value)
{
	for (size_t i = 0; i < s->nenv; i++)
		if (!strcmp(s->env[i].key, key)) {
			s->env[i].value = value;
			return;
		}
	s->env[s->nenv++] = (struct spec_pair){ key, value };
}

static void
proxy_unset(struct spec *s, const char *key)
{
	for (size_t i = 0; i < s->nenv; i++)
		if (!strcmp(s->env[i].key, key)) {
			memmove(s->env + i, s->env + i + 1, (s->nenv - i - 1) * sizeof *s->env);
			s->nenv--;
			return;
		}
}

static bool
is_loopback_address(const char *s, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char b[16];

	if (len >= sizeof text)
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return (inet_pton(AF_INET, text, b) == 1 && b[0] == 127) || !strcmp(text, "::1");
}

const char *
proxy_hosts_file(const struct host *h)
{
	return h && h->hosts_file ? h->hosts_file : "/etc/hosts";
}

/* The host's own name, for one: Debian gives it 127.0.1.1. No server is asked: loading must not wait. */
static bool
is_loopback_name(const char *path, const char *host, size_t len)
{
	AUTO(buf) b = BUF_INIT;
	char *next = NULL;

	if (fs_read_if(path, &b, MAX_HOSTS, NULL) != 1)
		return false;
	for (char *line = strtok_r(b.s, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		char *word = NULL, *address;

		line[strcspn(line, "#")] = '\0';
		address = strtok_r(line, " \t\r", &word);
		if (!address || !is_loopback_address(address, strlen(address)))
			continue;
		for (char *name; (name = strtok_r(NULL, " \t\r", &word));)
			if (strlen(name) == len && !strncasecmp(name, host, len))
				return true;
	}
	return false;
}

static bool
is_loopback(const struct load *l, const char *host, size_t len)
{
	return (len == 9 && !strncasecmp(host, "localhost", 9)) || is_loopback_address(host, len) ||
	       is_loopback_name(proxy_hosts_file(l->host), host, len);
}

/* Rewrites addresses of the host to those by which the guest sees it. */
static const char *
proxy_gateway(struct load *l, const struct spec *s)
{
	AUTO(networks) nets = { 0 };
	const struct network *n;
	const char *lima = NULL;

	for (size_t i = 0; i < s->nnetworks && !lima; i++)
		if (*s->networks[i].lima)
			lima = s->networks[i].lima;
	if (!lima || networks_load_all(&nets, l->opts, NULL) < 0)
		return "192.168.5.2";
	n = networks_find(&nets, lima);
	lima = n && !strcmp(n->mode, "user-v2") ? networks_host(l->a, n) : "";
	return *lima ? lima : "192.168.5.2";
}

/* SCHEME://[USER@]HOST[:PORT]... with the gateway in place of a loopback HOST */
static const char *
seen_from_guest(struct load *l, const struct spec *s, const char *url)
{
	const char *host = strstr(url, "://"), *end, *at;
	size_t len;

	if (!host)
		return url;
	host += 3;
	end = host + strcspn(host, "/?#");
	at = memrchr(host, '@', (size_t)(end - host));
	host = at ? at + 1 : host;
	if (*host == '[') {
		len = strcspn(host, "]");
		if (!host[len] || !is_loopback(l, host + 1, len - 1))
			return url;
		len++;
	} else {
		len = strcspn(host, ":/?#");
		if (!is_loopback(l, host, len))
			return url;
	}
	return arena_printf(l->a, "%.*s%s%s", (int)(host - url), url, proxy_gateway(l, s), host + len);
}

static int
proxy_compare(const void *a, const void *b)
{
	return strcmp(((const struct spec_pair *)a)->key, ((const struct spec_pair *)b)->key);
}

static void
resolve_one(struct load *l, struct spec *s, const char *lower, bool take)
{
	const char *names[] = { lower, proxy_upper(l->a, lower) }, *value, *best;

	for (size_t i = 0; i < 2; i++) {
		if (take && (value = getenv(names[i])))
			proxy_set(s, names[i], arena_strdup(l->a, value));
		value = proxy_get(s, names[i]);
		if (value && !*value)
			proxy_unset(s, names[i]);
		else if (value && strcmp(lower, "no_proxy"))
			proxy_set(s, names[i], seen_from_guest(l, s, value));
	}
	best = proxy_get(s, names[0]) ? proxy_get(s, names[0]) : proxy_get(s, names[1]);
	if (best) {
		proxy_set(s, names[0], best);
		proxy_set(s, names[1], best);
	}
}

void
proxy_resolve(struct load *l, struct spec *s)
{
	struct spec_pair *room = arena_alloc(l->a, (s->nenv + 8) * sizeof *room);
	bool take = s->propagate_proxy_env;

	if (s->nenv)
		memcpy(room, s->env, s->nenv * sizeof *room);
	s->env = room;
	for (const char *const *n = proxy_names; *n; n++)
		resolve_one(l, s, *n, take);
	qsort(s->env, s->nenv, sizeof *s->env, proxy_compare);
}
