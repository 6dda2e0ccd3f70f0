#include "providers/listeners.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"

enum { TCP_LISTEN = 0x0a };

struct wanted {
	unsigned char ip[16];	/* IPv4 as ::ffff:a.b.c.d */
	bool any;
	unsigned port;
};

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool
listener_parse(const char *ip, int port, struct wanted *w)
{
	*w = (struct wanted){ .port = (unsigned)port };
	if (inet_pton(AF_INET, ip, w->ip + 12) == 1)
		memcpy(w->ip, mapped, sizeof mapped);
	else if (inet_pton(AF_INET6, ip, w->ip) != 1)
		return false;
	w->any = !strcmp(ip, "0.0.0.0") || !strcmp(ip, "::");
	return true;
}

/* The kernel writes an address as words of 32 bits, each in the order of this host. */
static bool
listener_address(const char *hex, size_t len, unsigned char ip[16])
{
	memcpy(ip, mapped, sizeof mapped);
	for (size_t i = 0; i < len / 8; i++) {
		char word[9] = "";
		unsigned long v;

		memcpy(word, hex + 8 * i, 8);
		v = strtoul(word, NULL, 16);
		memcpy(ip + (len == 32 ? 0 : 12) + 4 * i, &(uint32_t){ (uint32_t)v }, 4);
	}
	return len == 8 || len == 32;
}

static bool
listener_is_any(const unsigned char ip[16])
{
	static const unsigned char none[16];

	return !memcmp(ip, none, 16) || (!memcmp(ip, mapped, 12) && !memcmp(ip + 12, none, 4));
}

/* A line of /proc/net/tcp: "0: 0100007F:B799 00000000:0000 0A ... uid timeout inode"; the inode, or 0: it is of no concern. */
static unsigned long
listener_of_line(const char *line, const struct wanted *w, bool udp)
{
	char local[33] = "", remote[48];
	unsigned port, state;
	unsigned long inode = 0;
	unsigned char ip[16];

	if (sscanf(line, " %*u: %32[0-9A-F]:%x %47s %x %*s %*s %*s %*s %*s %lu", local, &port, remote, &state, &inode) != 5)
		return 0;
	if (port != w->port || (!udp && state != TCP_LISTEN) || !listener_address(local, strlen(local), ip))
		return 0;
	return w->any || listener_is_any(ip) || !memcmp(ip, w->ip, 16) ? inode : 0;
}

/* 1, 0, -1: the table cannot be read */
static int
listener_in(const char *table, const struct wanted *w, bool udp, unsigned long *inode)
{
	auto_file FILE *f = fopen(table, "re");
	char line[512];

	if (!f)
		return -1;
	while (fgets(line, sizeof line, f)) {
		*inode = listener_of_line(line, w, udp);
		if (*inode)
			return 1;
	}
	return 0;
}

static bool
listener_has(pid_t pid, unsigned long inode)
{
	auto_free char *dir = xasprintf("/proc/%d/fd", (int)pid);
	auto_dir DIR *d = opendir(dir);
	char want[48], is[48];

	snprintf(want, sizeof want, "socket:[%lu]", inode);
	for (struct dirent *e; d && (e = readdir(d));) {
		auto_free char *path = xasprintf("%s/%s", dir, e->d_name);
		ssize_t n = readlink(path, is, sizeof is - 1);

		if (n > 0 && (is[n] = '\0', !strcmp(is, want)))
			return true;
	}
	return false;
}

/* Arguments follow each other, each with its NUL. */
static void
listener_describe(pid_t pid, const char *below, struct listener *out)
{
	auto_free char *path = xasprintf("/proc/%d/comm", (int)pid);
	AUTO(buf) name = BUF_INIT, words = BUF_INIT;

	out->pid = pid;
	if (fs_read_if(path, &name, 64, NULL) == 1)
		snprintf(out->program, sizeof out->program, "%.*s", (int)strcspn(name.s, "\n"), name.s);
	if (!below || !proc_arguments(pid, &words))
		return;
	for (const char *w = words.s; w < words.s + words.len; w += strlen(w) + 1)
		if (!strncmp(w, below, strlen(below)) && w[strlen(below)] == '/') {
			snprintf(out->path, sizeof out->path, "%s", w);
			return;
		}
}

static void
listener_find_process(unsigned long inode, const char *below, struct listener *out)
{
	auto_dir DIR *d = opendir("/proc");

	for (struct dirent *e; d && (e = readdir(d));) {
		pid_t pid = (pid_t)atoi(e->d_name);

		if (pid > 0 && listener_has(pid, inode)) {
			listener_describe(pid, below, out);
			return;
		}
	}
}

int
listener_find(const char *ip, int port, bool udp, const char *below, struct listener *out)
{
	const char *const tables[] = { udp ? "/proc/net/udp" : "/proc/net/tcp", udp ? "/proc/net/udp6" : "/proc/net/tcp6" };
	unsigned long inode = 0;
	struct wanted w;
	int found = -1;

	*out = (struct listener){ 0 };
	if (!listener_parse(ip, port, &w))
		return -1;
	/* A kernel without IPv6 has only one of them. */
	for (size_t i = 0; i < sizeof tables / sizeof *tables && found <= 0; i++) {
		int r = listener_in(tables[i], &w, udp, &inode);

		found = r >= 0 ? r : found;
	}
	if (found > 0)
		listener_find_process(inode, below, out);
	return found;
}

const char *
listener_text(struct arena *a, const struct listener *l)
{
	return l->pid ? arena_printf(a, "%s (process %d)", *l->program ? l->program : "a program", (int)l->pid) : "another program";
}
