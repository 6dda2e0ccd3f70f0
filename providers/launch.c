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

#define MAX_FILE  (4 << 20)
#define MAX_ITEMS 4096

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

/* Reading: the first complaint is kept and the rest goes on, so callers check once. */
struct reader {
	struct arena *mem;
	struct error *err;
	bool failed;
};

static void
diag_error(struct reader *r, const char *key, const char *what)
{
	if (!r->failed)
		error_set(r->err, EINVAL, "%s: %s", key, what);
	r->failed = true;
}

static const cJSON *
launch_object(struct reader *r, const cJSON *in, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(in, key);

	if (!cJSON_IsObject(v))
		diag_error(r, key, "missing, or not an object");
	return v;
}

static const char *
launch_text_one(struct reader *r, const cJSON *in, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(in, key);

	if (!v)
		return "";
	if (!cJSON_IsString(v)) {
		diag_error(r, key, "not a string");
		return "";
	}
	return arena_strdup(r->mem, v->valuestring);
}

static const char *
launch_absolute(struct reader *r, const cJSON *in, const char *key)
{
	const char *s = launch_text_one(r, in, key);

	if (s[0] != '/')
		diag_error(r, key, "not an absolute path");
	return s;
}

static int
launch_number(struct reader *r, const cJSON *in, const char *key, int max)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(in, key);

	if (!v)
		return 0;
	if (!cJSON_IsNumber(v) || v->valuedouble < 0 || v->valuedouble > max || v->valuedouble != (double)(int)v->valuedouble) {
		diag_error(r, key, "not a whole number in its bounds");
		return 0;
	}
	return (int)v->valuedouble;
}

static bool
launch_flag(const cJSON *in, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(in, key));
}

static size_t
launch_count(struct reader *r, const cJSON *array, const char *key)
{
	int n = cJSON_GetArraySize(array);

	if (array && !cJSON_IsArray(array))
		diag_error(r, key, "not a list");
	else if (n > MAX_ITEMS)
		diag_error(r, key, "too many items");
	else
		return (size_t)n;
	return 0;
}

static const char *const *
launch_texts(struct reader *r, const cJSON *in, const char *key, size_t *n)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(in, key), *v;
	const char **out;
	size_t i = 0, max = launch_count(r, array, key);

	out = arena_alloc(r->mem, (max + 1) * sizeof *out);
	if (max)
		cJSON_ArrayForEach(v, array)
		{
			if (!cJSON_IsString(v))
				diag_error(r, key, "an item is not a string");
			out[i++] = arena_strdup(r->mem, cJSON_IsString(v) ? v->valuestring : "");
		}
	*n = i;
	return out;
}

static void
read_probes(struct reader *r, const cJSON *in, struct launch *l)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(in, "probes"), *v;
	size_t i = 0, max = launch_count(r, array, "probes");
	struct launch_probe *p = arena_alloc(r->mem, (max + 1) * sizeof *p);

	if (max)
		cJSON_ArrayForEach(v, array)
		{
			p[i].description = launch_text_one(r, v, "description");
			p[i].script = launch_text_one(r, v, "script");
			p[i++].hint = launch_text_one(r, v, "hint");
		}
	l->probes = p;
	l->nprobes = i;
}

static void
read_mounts(struct reader *r, const cJSON *in, struct launch *l)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(in, "mounts"), *v;
	size_t i = 0, max = launch_count(r, array, "mounts");
	struct launch_mount *m = arena_alloc(r->mem, (max + 1) * sizeof *m);

	if (max)
		cJSON_ArrayForEach(v, array)
			m[i++] = (struct launch_mount){
				.location = launch_absolute(r, v, "location"), .point = launch_absolute(r, v, "mountPoint"), .tag = launch_text_one(r, v, "tag"),
				.type = launch_text_one(r, v, "type"), .writable = launch_flag(v, "writable"),
			};
	l->mounts = m;
	l->nmounts = i;
}

static void
read_companions(struct reader *r, const cJSON *in, struct launch *l)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(in, "companions"), *v;
	size_t i = 0, max = launch_count(r, array, "companions");
	struct launch_companion *c = arena_alloc(r->mem, (max + 1) * sizeof *c);

	if (max)
		cJSON_ArrayForEach(v, array)
		{
			c[i].name = launch_text_one(r, v, "name");
			c[i].socket = launch_absolute(r, v, "socket");
			c[i].argv = launch_texts(r, v, "argv", &c[i].nargv);
			if (c[i].nargv == 0 || c[i].argv[0][0] != '/' || !*c[i].name || strchr(c[i].name, '/'))
				diag_error(r, "companions", "one without a name or the full path of a program");
			i++;
		}
	l->companions = c;
	l->ncompanions = i;
}

static void
read_dns(struct reader *r, const cJSON *in, struct launch *l)
{
	const cJSON *dns = cJSON_GetObjectItemCaseSensitive(in, "dns"), *array = cJSON_GetObjectItemCaseSensitive(dns, "hosts"), *v;
	size_t i = 0, max = launch_count(r, array, "hosts");
	struct launch_host *h = arena_alloc(r->mem, (max + 1) * sizeof *h);

	l->dns.port = launch_number(r, dns, "port", 65535);
	l->dns.ipv6 = launch_flag(dns, "ipv6");
	if (max)
		cJSON_ArrayForEach(v, array)
		{
			h[i].name = launch_text_one(r, v, "name");
			h[i++].value = launch_text_one(r, v, "value");
		}
	l->dns.hosts = h;
	l->dns.nhosts = i;
}

static void
read_copies(struct reader *r, const cJSON *in, struct launch *l)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(in, "copies"), *v;
	size_t i = 0, max = launch_count(r, array, "copies");
	struct launch_copy *c = arena_alloc(r->mem, (max + 1) * sizeof *c);

	if (max)
		cJSON_ArrayForEach(v, array)
		{
			c[i].guest = launch_absolute(r, v, "guest");
			c[i].host = launch_absolute(r, v, "host");
			c[i].skip_if_missing = launch_flag(v, "skipIfMissing");
			c[i++].delete_on_stop = launch_flag(v, "deleteOnStop");
		}
	l->copies = c;
	l->ncopies = i;
}

static void
read_disks(struct reader *r, const cJSON *in, struct launch *l)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(in, "disks"), *v;
	size_t i = 0, max = launch_count(r, array, "disks");
	struct image_disk *d = arena_alloc(r->mem, (max + 1) * sizeof *d);

	if (max)
		cJSON_ArrayForEach(v, array)
		{
			d[i] = (struct image_disk){ .path = launch_absolute(r, v, "path"), .format = launch_text_one(r, v, "format") };
			if (cJSON_HasObjectItem(v, "base")) {
				d[i].base = launch_absolute(r, v, "base");
				d[i].base_format = launch_text_one(r, v, "baseFormat");
			}
			i++;
		}
	l->disks = d;
	l->ndisks = i;
}

static void
launch_read_all(struct reader *r, const cJSON *in, struct launch *l)
{
	const cJSON *machine = launch_object(r, in, "machine"), *ssh = launch_object(r, in, "ssh"), *guest = launch_object(r, in, "guest");

	if (launch_number(r, in, "version", INT_MAX) != LAUNCH_VERSION)
		diag_error(r, "version", "not one that this host agent knows");
	l->name = launch_text_one(r, in, "name");
	l->dir = launch_absolute(r, in, "dir");
	l->machine.driver = launch_text_one(r, machine, "driver");
	l->machine.argv = launch_texts(r, machine, "argv", &l->machine.nargv);
	if (l->machine.nargv == 0 || l->machine.argv[0][0] != '/')
		diag_error(r, "argv", "does not begin with the full path of a program");
	l->machine.capabilities = (uint64_t)launch_number(r, machine, "capabilities", INT_MAX);
	l->machine.pidfile = launch_absolute(r, machine, "pidfile");
	l->machine.control = launch_absolute(r, machine, "control");
	l->ssh.address = launch_text_one(r, ssh, "address");
	if (!*l->ssh.address)
		l->ssh.address = "127.0.0.1";
	l->ssh.port = launch_number(r, ssh, "port", 65535);
	if (!l->ssh.port)
		diag_error(r, "port", "missing");
	l->ssh.user = launch_text_one(r, ssh, "user");
	l->ssh.keys = launch_texts(r, ssh, "keys", &l->ssh.nkeys);
	l->ssh.host_key = launch_text_one(r, ssh, "hostKey");
	l->ssh.known_hosts = launch_text_one(r, ssh, "knownHosts");
	l->guest.os = launch_text_one(r, guest, "os");
	l->guest.iid = launch_text_one(r, guest, "iid");
	l->guest.plain = launch_flag(guest, "plain");
	l->guest.uid = (unsigned)launch_number(r, guest, "uid", INT_MAX);
	l->guest.sshfs = launch_flag(guest, "sshfs");
	l->guest.writes = launch_texts(r, guest, "writes", &l->guest.nwrites);
	l->guest.inotify = launch_flag(guest, "inotify");
	l->guest.containerd = launch_flag(guest, "containerd");
	l->guest.install_prefix = launch_text_one(r, guest, "installPrefix");
	if (!*l->guest.install_prefix)
		l->guest.install_prefix = "/usr/local";
	read_dns(r, in, l);
	l->guest.agent_socket = launch_text_one(r, guest, "agentSocket");
	if (*l->guest.agent_socket && *l->guest.agent_socket != '/')
		diag_error(r, "agentSocket", "not an absolute path");
	read_probes(r, in, l);
	l->vnc_display = launch_text_one(r, in, "vncDisplay");
	read_mounts(r, in, l);
	read_companions(r, in, l);
	read_copies(r, in, l);
	read_disks(r, in, l);
	l->boot_timeout_ms = launch_number(r, in, "bootTimeoutMs", INT_MAX);
	l->stop_timeout_ms = launch_number(r, in, "stopTimeoutMs", INT_MAX);
}

int
launch_parse(struct launch *out, const char *s, size_t len, struct error *err)
{
	cJSON *json = cJSON_ParseWithLength(s, len);
	AUTO(launch) l = { 0 };
	struct reader r = { .mem = &l.mem, .err = err };

	if (!json)
		return error_set(err, EINVAL, "not JSON");
	launch_read_all(&r, json, &l);
	cJSON_Delete(json);
	if (r.failed)
		return -1;
	if (!l.boot_timeout_ms)
		l.boot_timeout_ms = 10 * 60 * 1000;
	if (!l.stop_timeout_ms)
		l.stop_timeout_ms = 3 * 60 * 1000;
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

static void
launch_add_text(cJSON *to, const char *key, const char *s)
{
	if (s && *s)
		cJSON_AddStringToObject(to, key, s);
}

static void
add_texts(cJSON *to, const char *key, const char *const *v, size_t n)
{
	cJSON *array = cJSON_AddArrayToObject(to, key);

	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(array, cJSON_CreateString(v[i]));
}

static void
add_number(cJSON *to, const char *key, int n)
{
	if (n)
		cJSON_AddNumberToObject(to, key, n);
}

static void
launch_add_flag(cJSON *to, const char *key, bool b)
{
	if (b)
		cJSON_AddTrueToObject(to, key);
}

static void
launch_add_dns(cJSON *to, const struct launch *l)
{
	cJSON *o = cJSON_AddObjectToObject(to, "dns"), *hosts, *h;

	add_number(o, "port", l->dns.port);
	launch_add_flag(o, "ipv6", l->dns.ipv6);
	hosts = cJSON_AddArrayToObject(o, "hosts");
	for (size_t i = 0; i < l->dns.nhosts; i++) {
		cJSON_AddItemToArray(hosts, h = cJSON_CreateObject());
		launch_add_text(h, "name", l->dns.hosts[i].name);
		launch_add_text(h, "value", l->dns.hosts[i].value);
	}
}

static void
add_mounts(cJSON *to, const struct launch *l)
{
	cJSON *mounts = cJSON_AddArrayToObject(to, "mounts"), *o;

	for (size_t i = 0; i < l->nmounts; i++) {
		cJSON_AddItemToArray(mounts, o = cJSON_CreateObject());
		launch_add_text(o, "location", l->mounts[i].location);
		launch_add_text(o, "mountPoint", l->mounts[i].point);
		launch_add_text(o, "tag", l->mounts[i].tag);
		launch_add_text(o, "type", l->mounts[i].type);
		launch_add_flag(o, "writable", l->mounts[i].writable);
	}
}

static void
add_companions(cJSON *to, const struct launch *l)
{
	cJSON *companions = cJSON_AddArrayToObject(to, "companions"), *o;

	for (size_t i = 0; i < l->ncompanions; i++) {
		cJSON_AddItemToArray(companions, o = cJSON_CreateObject());
		launch_add_text(o, "name", l->companions[i].name);
		launch_add_text(o, "socket", l->companions[i].socket);
		add_texts(o, "argv", l->companions[i].argv, l->companions[i].nargv);
	}
}

static void
add_copies(cJSON *to, const struct launch *l)
{
	cJSON *array, *o;

	if (!l->ncopies)
		return;
	array = cJSON_AddArrayToObject(to, "copies");
	for (size_t i = 0; i < l->ncopies; i++) {
		cJSON_AddItemToArray(array, o = cJSON_CreateObject());
		launch_add_text(o, "guest", l->copies[i].guest);
		launch_add_text(o, "host", l->copies[i].host);
		launch_add_flag(o, "skipIfMissing", l->copies[i].skip_if_missing);
		launch_add_flag(o, "deleteOnStop", l->copies[i].delete_on_stop);
	}
}

static void
add_disks(cJSON *to, const struct launch *l)
{
	cJSON *array = l->ndisks ? cJSON_AddArrayToObject(to, "disks") : NULL, *o;

	for (size_t i = 0; i < l->ndisks; i++) {
		cJSON_AddItemToArray(array, o = cJSON_CreateObject());
		launch_add_text(o, "path", l->disks[i].path);
		launch_add_text(o, "format", l->disks[i].format);
		launch_add_text(o, "base", l->disks[i].base);
		launch_add_text(o, "baseFormat", l->disks[i].base_format);
	}
}

static cJSON *
to_json(const struct launch *l)
{
	cJSON *json = cJSON_CreateObject(), *o, *probes;

	add_number(json, "version", LAUNCH_VERSION);
	launch_add_text(json, "name", l->name);
	launch_add_text(json, "dir", l->dir);
	o = cJSON_AddObjectToObject(json, "machine");
	launch_add_text(o, "driver", l->machine.driver);
	add_texts(o, "argv", l->machine.argv, l->machine.nargv);
	cJSON_AddNumberToObject(o, "capabilities", (double)l->machine.capabilities);
	launch_add_text(o, "pidfile", l->machine.pidfile);
	launch_add_text(o, "control", l->machine.control);
	o = cJSON_AddObjectToObject(json, "ssh");
	launch_add_text(o, "address", l->ssh.address);
	add_number(o, "port", l->ssh.port);
	launch_add_text(o, "user", l->ssh.user);
	add_texts(o, "keys", l->ssh.keys, l->ssh.nkeys);
	launch_add_text(o, "hostKey", l->ssh.host_key);
	launch_add_text(o, "knownHosts", l->ssh.known_hosts);
	o = cJSON_AddObjectToObject(json, "guest");
	launch_add_text(o, "os", l->guest.os);
	launch_add_text(o, "iid", l->guest.iid);
	launch_add_flag(o, "plain", l->guest.plain);
	add_number(o, "uid", (int)l->guest.uid);
	launch_add_flag(o, "sshfs", l->guest.sshfs);
	if (l->guest.nwrites)
		add_texts(o, "writes", l->guest.writes, l->guest.nwrites);
	launch_add_flag(o, "inotify", l->guest.inotify);
	launch_add_flag(o, "containerd", l->guest.containerd);
	launch_add_text(o, "installPrefix", l->guest.install_prefix);
	if (l->dns.port)
		launch_add_dns(json, l);
	launch_add_text(o, "agentSocket", l->guest.agent_socket);
	probes = cJSON_AddArrayToObject(json, "probes");
	for (size_t i = 0; i < l->nprobes; i++) {
		cJSON_AddItemToArray(probes, o = cJSON_CreateObject());
		launch_add_text(o, "description", l->probes[i].description);
		launch_add_text(o, "script", l->probes[i].script);
		launch_add_text(o, "hint", l->probes[i].hint);
	}
	launch_add_text(json, "vncDisplay", l->vnc_display);
	add_mounts(json, l);
	add_companions(json, l);
	add_copies(json, l);
	add_disks(json, l);
	add_number(json, "bootTimeoutMs", l->boot_timeout_ms);
	add_number(json, "stopTimeoutMs", l->stop_timeout_ms);
	return json;
}

char *
launch_text(const struct launch *l)
{
	cJSON *json = to_json(l);
	char *s = cJSON_Print(json);

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
