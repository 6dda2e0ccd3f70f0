#include "state/desired/spec/host.h"

#include <ctype.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/host_arch.h"
#include "base/mem.h"
#include "base/os/host.h"
#include "base/sha256.h"

/* Root cannot be the guest's user, so a run as root gives that user this uid. */
enum { ORDINARY_UID = 1000 };

static bool
is_user_name(const char *s)
{
	if (!islower((unsigned char)*s) && *s != '_')
		return false;
	for (; *s; s++)
		if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '_' && *s != '-')
			return false;
	return true;
}

static void
host_find_user(struct host *h)
{
	struct passwd pw, *found = NULL;
	char room[4096];
	const char *home = getenv("HOME");

	h->uid = h->host_uid = (unsigned)getuid();
	getpwuid_r(getuid(), &pw, room, sizeof room, &found);
	h->nameless = !found;
	h->host_user = arena_strdup(h->arena, found ? pw.pw_name : "lima");
	h->comment = found ? arena_memdup(h->arena, pw.pw_gecos, strcspn(pw.pw_gecos, ",")) : "";
	h->home = arena_strdup(h->arena, home && *home ? home : found ? pw.pw_dir : "/");
	h->user = h->host_user;
	if (!h->uid) {
		h->uid = ORDINARY_UID;
		h->user = "lima";
		h->comment = "";
	} else if (!is_user_name(h->user) || !strcmp(h->user, "admin")) {
		h->user = "lima";
	}
}

static char *
spec_host_read_line(struct arena *a, const char *path)
{
	AUTO(buf) b = BUF_INIT;
	size_t skip;

	if (fs_read_if(path, &b, 4096, NULL) != 1)
		return NULL;
	skip = strspn(b.s, " \t\r\n");
	while (b.len > skip && isspace((unsigned char)b.s[b.len - 1]))
		buf_truncate(&b, b.len - 1);
	return arena_strdup(a, b.s + skip);
}

/* /etc/localtime is a link into a tree of zones, which is known by its Etc/UTC */
static const char *
zone_from_link(struct arena *a)
{
	auto_free char *real = realpath("/etc/localtime", NULL);
	auto_free char *dir = real ? xstrdup(real) : NULL;
	char *slash;

	while (dir && (slash = strrchr(dir, '/')) && slash != dir) {
		*slash = '\0';
		if (fs_exists(arena_printf(a, "%s/Etc/UTC", dir)))
			return arena_strdup(a, real + strlen(dir) + 1);
	}
	return "";
}

static const char *
find_timezone(struct arena *a)
{
	const char *zone = spec_host_read_line(a, "/etc/timezone");

	if (zone && *zone && !strstr(zone, "..") && fs_exists(arena_printf(a, "/usr/share/zoneinfo/%s", zone)))
		return zone;
	return zone_from_link(a);
}

struct host *
host_new(void)
{
	struct host *h = xcalloc(1, sizeof *h);
	struct utsname u;
	const char *tmp = getenv("TMPDIR");

	h->arena = xcalloc(1, sizeof *h->arena);
	uname(&u);
	h->os = arena_strdup(h->arena, u.sysname);
	h->arch = host_arch();
	h->cpus = os_host_processors();
	h->memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	host_find_user(h);
	h->timezone = find_timezone(h->arena);
	h->machine_id = spec_host_read_line(h->arena, "/etc/machine-id");
	if (!h->machine_id)
		h->machine_id = spec_host_read_line(h->arena, "/var/lib/dbus/machine-id");
	if (!h->machine_id)
		h->machine_id = arena_strdup(h->arena, u.nodename);
	h->tmp = arena_strdup(h->arena, tmp && *tmp ? tmp : "/tmp");
	return h;
}

void
host_free(struct host *h)
{
	if (!h)
		return;
	arena_release(h->arena);
	free(h->arena);
	free(h);
}

void
host_mac(const struct host *h, const char *what, char out[18])
{
	auto_free char *text = xasprintf("%s%s", h->machine_id, what);
	unsigned char d[32];

	sha256(text, strlen(text), d);
	snprintf(out, 18, "52:55:55:%02x:%02x:%02x", d[0], d[1], d[2]);
}
