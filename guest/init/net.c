#include "guest/init/net.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "guest/init/cidata.h"
#include "guest/init/log.h"
#include "guest/init/setup.h"
#include "guest/init/spawn.h"

static int
inet_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static void
name_to(struct ifreq *r, const char *name)
{
	memset(r, 0, sizeof *r);
	memcpy(r->ifr_name, name, strnlen(name, IFNAMSIZ - 1));
}

static bool
set_flags(int s, const char *name, short set, short clear)
{
	struct ifreq r;

	name_to(&r, name);
	if (ioctl(s, SIOCGIFFLAGS, &r) < 0)
		return false;
	r.ifr_flags = (short)((r.ifr_flags | set) & ~clear);
	return ioctl(s, SIOCSIFFLAGS, &r) == 0;
}

/* The Ethernet interface with this address. */
static bool
find_mac(int s, const unsigned char mac[6], char name[IFNAMSIZ])
{
	auto_dir DIR *d = opendir("/sys/class/net");
	struct dirent *e;
	struct ifreq r;

	while (d && (e = readdir(d))) {
		name_to(&r, e->d_name);
		if (e->d_name[0] == '.' || ioctl(s, SIOCGIFHWADDR, &r) < 0)
			continue;
		if (r.ifr_hwaddr.sa_family == ARPHRD_ETHER && memcmp(r.ifr_hwaddr.sa_data, mac, 6) == 0) {
			memcpy(name, r.ifr_name, IFNAMSIZ);
			return true;
		}
	}
	return false;
}

static bool
rename_to(int s, const char *from, const char *to)
{
	struct ifreq r;

	name_to(&r, from);
	memcpy(r.ifr_newname, to, strnlen(to, IFNAMSIZ - 1));
	return set_flags(s, from, 0, IFF_UP) && ioctl(s, SIOCSIFNAME, &r) == 0;
}

/* Gives the interface its name. One that has this name and another address steps aside, as limaN.old. */
static bool
net_claim(int s, const struct scan_nic *n)
{
	char now[IFNAMSIZ] = "", aside[IFNAMSIZ];

	if (!find_mac(s, n->mac, now))
		return false;
	if (strcmp(now, n->name) == 0)
		return true;
	snprintf(aside, sizeof aside, "%.11s.old", n->name);
	if (if_nametoindex(n->name))
		rename_to(s, n->name, aside);
	if (rename_to(s, now, n->name))
		return true;
	say_errno("rename %s to %s", now, n->name);
	return false;
}

static void
net_dhcp(const struct cidata *c, const char *name, unsigned metric, bool first)
{
	auto_free char *host = xasprintf("hostname:%s", c->hostname ? c->hostname : "lima");
	const char *argv[] = { "/bin/udhcpc", "-f", "-i", name, "-s", "/sbin/lima-dhcp", "-t", "20", "-T", "1", "-A", "3", "-x", host, NULL };
	AUTO(buf) dns = BUF_INIT;
	AUTO(env) env = { 0 };
	auto_free char *m = xasprintf("%u", metric);

	for (size_t i = 0; i < c->net.n_dns; i++)
		buf_addf(&dns, "%s%s", i ? " " : "", c->net.dns[i]);
	env_set(&env, "PATH", "/sbin:/bin");
	env_set(&env, "LIMA_METRIC", m);
	if (first)
		env_set(&env, "LIMA_DNS", dns.len ? dns.s : cidata_str(c, "SLIRP_DNS"));
	spawn_service("udhcpc", &(struct spawn){ .argv = argv, .env = env.v, .log = "/dev/null" });
}

void
net_start(const struct cidata *c)
{
	static const struct scan_nic fallback = { .name = "eth0", .metric = 200 };
	auto_close int s = inet_socket();
	bool any = false;

	set_flags(s, "lo", IFF_UP, 0);
	for (size_t i = 0; i < c->net.n; i++) {
		const struct scan_nic *n = &c->net.nic[i];

		if (!net_claim(s, n)) {
			init_say("network: no interface has the address of %s", n->name);
			continue;
		}
		set_flags(s, n->name, IFF_UP, 0);
		net_dhcp(c, n->name, n->metric, strcmp(n->name, "eth0") == 0);
		any = true;
	}
	if (any)
		return;
	if (!set_flags(s, fallback.name, IFF_UP, 0))
		init_say("network: there is no eth0");
	else
		net_dhcp(c, fallback.name, fallback.metric, true);
}

static bool
set_addr(int s, const char *ifname, unsigned long request, const char *text)
{
	struct ifreq r;
	struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;

	name_to(&r, ifname);
	a->sin_family = AF_INET;
	return text && inet_pton(AF_INET, text, &a->sin_addr) == 1 && ioctl(s, (int)request, &r) == 0;
}

static void
default_route(int s, char *ifname, const char *router, short metric)
{
	struct rtentry r = { .rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = ifname, .rt_metric = (short)(metric + 1) };
	struct sockaddr_in *gw = (struct sockaddr_in *)&r.rt_gateway;

	r.rt_dst.sa_family = r.rt_genmask.sa_family = AF_INET;
	gw->sin_family = AF_INET;
	if (inet_pton(AF_INET, router, &gw->sin_addr) != 1)
		return;
	while (ioctl(s, SIOCDELRT, &(struct rtentry){ .rt_dst = r.rt_dst, .rt_genmask = r.rt_genmask, .rt_dev = ifname, .rt_flags = RTF_UP }) == 0)
		;
	if (ioctl(s, SIOCADDRT, &r) < 0 && errno != EEXIST)
		perror("default route");
}

static void
resolv_conf(void)
{
	const char *ours = getenv("LIMA_DNS"), *lease = getenv("dns"), *domain = getenv("domain");
	auto_free char *list = xstrdup(ours && *ours ? ours : ours && lease ? lease : "");
	AUTO(buf) b = BUF_INIT;
	char *save = NULL;

	if (domain && *domain && !strpbrk(domain, "\n\r"))
		buf_addf(&b, "search %s\n", domain);
	for (char *w = strtok_r(list, " ", &save); w; w = strtok_r(NULL, " ", &save))
		buf_addf(&b, "nameserver %s\n", w);
	if (strstr(b.s, "nameserver"))
		setup_write("/etc/resolv.conf", b.s, 0644);
}

static const char *
net_var(const char *name)
{
	const char *s = getenv(name);

	return s ? s : "";
}

int
net_dhcp_hook(int argc, char **argv)
{
	const char *event = argc > 1 ? argv[1] : "", *router = net_var("router");
	auto_free char *ifname = xstrndup(net_var("interface"), IFNAMSIZ - 1);
	auto_free char *first = xstrndup(router, strcspn(router, " "));
	auto_close int s = inet_socket();

	if (strcmp(event, "deconfig") == 0)
		return set_flags(s, ifname, IFF_UP, 0) ? 0 : 1;
	if (strcmp(event, "bound") != 0 && strcmp(event, "renew") != 0)
		return 0;
	if (!set_addr(s, ifname, SIOCSIFADDR, net_var("ip")) || !set_addr(s, ifname, SIOCSIFNETMASK, *net_var("subnet") ? net_var("subnet") : "255.255.255.0"))
		return 1;
	if (*first)
		default_route(s, ifname, first, (short)strtol(net_var("LIMA_METRIC"), NULL, 10));
	resolv_conf();
	if (strcmp(event, "bound") == 0) {
		log_console();
		init_say("%s: %s", ifname, net_var("ip"));
	}
	return 0;
}
