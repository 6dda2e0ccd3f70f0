#include "providers/launch.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/json_table.h"

#define MAX_FILE (4 << 20)

enum { BOOT_TIMEOUT_MS = 10 * 60 * 1000, STOP_TIMEOUT_MS = 3 * 60 * 1000 };

#define TEXT(key, member)   { JSON_MEMBER(key, JSON_TEXT, struct launch, member) }
#define PATH(key, member)   { JSON_MEMBER(key, JSON_PATH, struct launch, member), .needed = true }
#define FLAG(key, member)   { JSON_MEMBER(key, JSON_FLAG, struct launch, member) }
#define NUMBER(key, member, max)	 JSON_NUMBER_OF(key, struct launch, member, max)
#define TEXTS(key, member, count)	 JSON_TEXTS_OF(key, struct launch, member, count)
#define LIST(key, member, count, rows)	 JSON_LIST_OF(key, struct launch, member, count, rows)
#define GROUP(k, r, n)	    { .key = (k), .kind = JSON_GROUP, .rows = (r), .needed = (n) }

static const struct json_row machine_rows[] = {
	TEXT("driver", machine.driver),
	TEXTS("argv", machine.argv, machine.nargv),
	NUMBER("capabilities", machine.capabilities, INT_MAX),
	TEXTS("files", machine.files, machine.nfiles),
	TEXTS("folders", machine.folders, machine.nfolders),
	FLAG("resumes", machine.resumes),
	FLAG("restored", machine.restored),
	PATH("pidfile", machine.pidfile),
	PATH("control", machine.control),
	{ 0 },
};

static const struct json_row ssh_rows[] = {
	{ JSON_MEMBER("address", JSON_TEXT, struct launch, ssh.address), .otherwise = "127.0.0.1" },
	NUMBER("port", ssh.port, 65535),
	TEXT("user", ssh.user),
	TEXTS("keys", ssh.keys, ssh.nkeys),
	TEXT("hostKey", ssh.host_key),
	TEXT("knownHosts", ssh.known_hosts),
	{ 0 },
};

static const struct json_row guest_rows[] = {
	TEXT("os", guest.os),
	TEXT("iid", guest.iid),
	FLAG("plain", guest.plain),
	NUMBER("uid", guest.uid, INT_MAX),
	FLAG("sshfs", guest.sshfs),
	TEXTS("writes", guest.writes, guest.nwrites),
	FLAG("inotify", guest.inotify),
	FLAG("containerd", guest.containerd),
	{ JSON_MEMBER("installPrefix", JSON_TEXT, struct launch, guest.install_prefix), .otherwise = "/usr/local" },
	{ JSON_MEMBER("agentSocket", JSON_PATH, struct launch, guest.agent_socket) },
	{ 0 },
};

static const struct json_row host_rows[] = {
	{ JSON_MEMBER("name", JSON_TEXT, struct launch_host, name) },
	{ JSON_MEMBER("value", JSON_TEXT, struct launch_host, value) },
	{ 0 },
};

static const struct json_row dns_rows[] = {
	NUMBER("port", dns.port, 65535),
	FLAG("ipv6", dns.ipv6),
	LIST("hosts", dns.hosts, dns.nhosts, host_rows),
	{ 0 },
};

static const struct json_row probe_rows[] = {
	{ JSON_MEMBER("description", JSON_TEXT, struct launch_probe, description) },
	{ JSON_MEMBER("script", JSON_TEXT, struct launch_probe, script) },
	{ JSON_MEMBER("hint", JSON_TEXT, struct launch_probe, hint) },
	{ 0 },
};

static const struct json_row mount_rows[] = {
	{ JSON_MEMBER("location", JSON_PATH, struct launch_mount, location), .needed = true },
	{ JSON_MEMBER("mountPoint", JSON_PATH, struct launch_mount, point), .needed = true },
	{ JSON_MEMBER("tag", JSON_TEXT, struct launch_mount, tag) },
	{ JSON_MEMBER("type", JSON_TEXT, struct launch_mount, type) },
	{ JSON_MEMBER("writable", JSON_FLAG, struct launch_mount, writable) },
	{ 0 },
};

static const struct json_row companion_rows[] = {
	{ JSON_MEMBER("name", JSON_TEXT, struct launch_companion, name) },
	{ JSON_MEMBER("socket", JSON_PATH, struct launch_companion, socket), .needed = true },
	JSON_TEXTS_OF("argv", struct launch_companion, argv, nargv),
	{ JSON_MEMBER("location", JSON_PATH, struct launch_companion, location) },
	{ JSON_MEMBER("readOnly", JSON_FLAG, struct launch_companion, read_only) },
	{ JSON_MEMBER("own", JSON_PATH, struct launch_companion, own) },
	JSON_TEXTS_OF("files", struct launch_companion, files, nfiles),
	JSON_NUMBER_OF("user", struct launch_companion, user, INT_MAX),
	{ 0 },
};

static const struct json_row copy_rows[] = {
	{ JSON_MEMBER("guest", JSON_PATH, struct launch_copy, guest), .needed = true },
	{ JSON_MEMBER("host", JSON_PATH, struct launch_copy, host), .needed = true },
	{ JSON_MEMBER("skipIfMissing", JSON_FLAG, struct launch_copy, skip_if_missing) },
	{ JSON_MEMBER("deleteOnStop", JSON_FLAG, struct launch_copy, delete_on_stop) },
	{ 0 },
};

static const struct json_row disk_rows[] = {
	{ JSON_MEMBER("path", JSON_PATH, struct image_disk, path), .needed = true },
	{ JSON_MEMBER("format", JSON_TEXT, struct image_disk, format) },
	{ JSON_MEMBER("base", JSON_PATH, struct image_disk, base), .or_null = true },
	{ JSON_MEMBER("baseFormat", JSON_TEXT, struct image_disk, base_format), .or_null = true },
	{ 0 },
};

static const struct json_row launch_rows[] = {
	TEXT("name", name),
	PATH("dir", dir),
	GROUP("machine", machine_rows, true),
	GROUP("ssh", ssh_rows, true),
	GROUP("guest", guest_rows, true),
	GROUP("dns", dns_rows, false),
	LIST("probes", probes, nprobes, probe_rows),
	TEXT("vncDisplay", vnc_display),
	LIST("mounts", mounts, nmounts, mount_rows),
	LIST("companions", companions, ncompanions, companion_rows),
	LIST("copies", copies, ncopies, copy_rows),
	LIST("disks", disks, ndisks, disk_rows),
	NUMBER("bootTimeoutMs", boot_timeout_ms, INT_MAX),
	NUMBER("stopTimeoutMs", stop_timeout_ms, INT_MAX),
	{ 0 },
};

struct launch_version {
	int n;
};
static const struct json_row version_rows[] = { JSON_NUMBER_OF("version", struct launch_version, n, INT_MAX), { 0 } };

void
launch_release(struct launch *l)
{
	arena_release(&l->mem);
	*l = (struct launch){ 0 };
}

char *
launch_home(const struct launch *l)
{
	const char *slash = strrchr(l->dir, '/');

	return xasprintf("%.*s", slash ? (int)(slash - l->dir) : 0, l->dir);
}

/* What is more than a row can say. */
static int
launch_check(const struct launch *l, struct error *err)
{
	if (l->machine.nargv == 0 || l->machine.argv[0][0] != '/')
		return error_set(err, EINVAL, "argv: does not begin with the full path of a program");
	if (!l->ssh.port)
		return error_set(err, EINVAL, "port: missing");
	for (size_t i = 0; i < l->ncompanions; i++) {
		const struct launch_companion *c = &l->companions[i];

		if (c->nargv == 0 || c->argv[0][0] != '/' || !*c->name || strchr(c->name, '/'))
			return error_set(err, EINVAL, "companions: one without a name or the full path of a program");
	}
	for (size_t i = 0; i < l->ndisks; i++)
		if (l->disks[i].base && !l->disks[i].base_format)
			return error_set(err, EINVAL, "disks: a base without its format");
	return 0;
}

static int
launch_read(const cJSON *json, struct launch *l, struct error *err)
{
	struct launch_version version = { 0 };

	if (json_table_read(version_rows, json, &l->mem, &version, err) < 0)
		return -1;
	if (version.n != LAUNCH_VERSION)
		return error_set(err, EINVAL, "version: not one that this host agent knows");
	if (json_table_read(launch_rows, json, &l->mem, l, err) < 0 || launch_check(l, err) < 0)
		return -1;
	if (!l->boot_timeout_ms)
		l->boot_timeout_ms = BOOT_TIMEOUT_MS;
	if (!l->stop_timeout_ms)
		l->stop_timeout_ms = STOP_TIMEOUT_MS;
	return 0;
}

int
launch_parse(struct launch *out, const char *s, size_t len, struct error *err)
{
	cJSON *json = cJSON_ParseWithLength(s, len);
	AUTO(launch) l = { 0 };
	int r;

	if (!json)
		return error_set(err, EINVAL, "not JSON");
	r = launch_read(json, &l, err);
	cJSON_Delete(json);
	if (r < 0)
		return -1;
	*out = l;
	l = (struct launch){ 0 };
	return 0;
}

int
launch_load(struct launch *out, const char *path, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	if (fs_read(path, &b, MAX_FILE, err) < 0)
		return -1;
	if (launch_parse(out, b.s, b.len, err) < 0)
		return error_wrap(err, "%s", path);
	return 0;
}

char *
launch_text(const struct launch *l)
{
	cJSON *json = json_table_write(launch_rows, l);
	char *s;

	cJSON_AddNumberToObject(json, "version", LAUNCH_VERSION);
	s = cJSON_Print(json);
	cJSON_Delete(json);
	if (!s)
		abort();
	return s;
}

int
launch_save(const struct launch *l, const char *path, struct error *err)
{
	auto_free char *s = launch_text(l);

	return fs_write(path, s, strlen(s), 0600, err);
}
