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
#include "base/path_rest.h"
#include "base/proc.h"

enum { TCP_LISTEN = 0x0a };

struct wanted {
	unsigned char ip[16];	/* IPv4 as ::ffff:a.b.c.d */
	bool any;
	unsigned first, last;
};

/* What the tables have of that, and whose it is: the tables, and then all processes, are gone through once for all ports. */
struct found {
	unsigned port;
	unsigned long inode;
	pid_t pid;		/* 0: nobody can tell */
};

struct founds {
	struct found *v;
	size_t n, cap;
};

static void
founds_release(struct founds *f)
{
	free(f->v);
}

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool
listener_parse(const char *ip, int first, int last, struct wanted *w)
{
	*w = (struct wanted){ .first = (unsigned)first, .last = (unsigned)last };
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

/* A line of /proc/net/tcp: "0: 0100007F:B799 00000000:0000 0A ... uid timeout inode"; false: it is of no concern. */
static bool
listener_of_line(const char *line, const struct wanted *w, bool udp, struct found *out)
{
	char local[33] = "", remote[48];
	unsigned state;
	unsigned char ip[16];

	*out = (struct found){ 0 };
	if (sscanf(line, " %*u: %32[0-9A-F]:%x %47s %x %*s %*s %*s %*s %*s %lu", local, &out->port, remote, &state, &out->inode) != 5)
		return false;
	if (out->port < w->first || out->port > w->last || (!udp && state != TCP_LISTEN) || !listener_address(local, strlen(local), ip))
		return false;
	return out->inode && (w->any || listener_is_any(ip) || !memcmp(ip, w->ip, 16));
}

/* -1: the table cannot be read */
static int
listeners_in(const char *table, const struct wanted *w, bool udp, struct founds *out)
{
	auto_file FILE *f = fopen(table, "re");
	struct found one;
	char line[512];

	if (!f)
		return -1;
	while (fgets(line, sizeof line, f)) {
		if (!listener_of_line(line, w, udp, &one))
			continue;
		GROW(out->v, out->n, out->cap);
		out->v[out->n++] = one;
	}
	return 0;
}

static int
found_by_inode(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

static int
found_by_port(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (x->port > y->port) - (x->port < y->port);
}

/* Notes what of `f`, which is sorted by inode, the process has; how many that are. */
static size_t
listeners_of_process(pid_t pid, struct founds *f)
{
	auto_free char *dir = xasprintf("/proc/%d/fd", (int)pid);
	auto_dir DIR *d = opendir(dir);
	size_t n = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		char is[48];
		struct found key = { 0 }, *hit;
		ssize_t len = readlinkat(dirfd(d), e->d_name, is, sizeof is - 1);

		is[len > 0 ? len : 0] = '\0';
		if (sscanf(is, "socket:[%lu]", &key.inode) != 1)
			continue;
		hit = bsearch(&key, f->v, f->n, sizeof key, found_by_inode);
		if (!hit || hit->pid)
			continue;
		hit->pid = pid;
		n++;
	}
	return n;
}

static void
listeners_find_processes(struct founds *f)
{
	auto_dir DIR *d = opendir("/proc");
	size_t left = f->n;

	qsort(f->v, f->n, sizeof *f->v, found_by_inode);
	for (struct dirent *e; d && left && (e = readdir(d));) {
		pid_t pid = (pid_t)atoi(e->d_name);

		left -= pid > 0 ? listeners_of_process(pid, f) : 0;
	}
	qsort(f->v, f->n, sizeof *f->v, found_by_port);
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
		if (path_rest(w, below) && *path_rest(w, below)) {
			snprintf(out->path, sizeof out->path, "%s", w);
			return;
		}
}

int
listeners_each(const char *ip, int first, int last, bool udp, const char *below, listener_told *told, void *ctx)
{
	const char *const tables[] = { udp ? "/proc/net/udp" : "/proc/net/tcp", udp ? "/proc/net/udp6" : "/proc/net/tcp6" };
	AUTO(founds) f = { 0 };
	struct wanted w;
	int r = -1;

	if (!listener_parse(ip, first, last, &w))
		return -1;
	/* A kernel without IPv6 has only one of them. */
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		r = listeners_in(tables[i], &w, udp, &f) == 0 ? 0 : r;
	if (f.n)
		listeners_find_processes(&f);
	for (size_t i = 0; r == 0 && i < f.n; i++) {
		struct listener one = { .pid = f.v[i].pid, .port = (int)f.v[i].port };

		if (one.pid)
			listener_describe(one.pid, below, &one);
		r = told(ctx, &one);
	}
	return r;
}

static int
listener_take(void *ctx, const struct listener *l)
{
	*(struct listener *)ctx = *l;
	return 1;
}

int
listener_find(const char *ip, int port, bool udp, const char *below, struct listener *out)
{
	*out = (struct listener){ 0 };
	return listeners_each(ip, port, port, udp, below, listener_take, out);
}

const char *
listener_text(struct arena *a, const struct listener *l)
{
	return l->pid ? arena_printf(a, "%s (process %d)", *l->program ? l->program : "a program", (int)l->pid) : "another program";
}
