#include "resources/machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/guarded.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/disk/image.h"
#include "providers/driver.h"
#include "providers/fetch/digest.h"
#include "providers/instance_mac.h"
#include "providers/launch.h"
#include "providers/machine.h"
#include "providers/ssh/host_key.h"
#include "providers/served.h"
#include "providers/sock.h"
#include "providers/written.h"
#include "resources/instance_paths.h"
#include "resources/disk_known.h"
#include "resources/firmware.h"
#include "resources/interface.h"
#include "resources/cidata_files.h"
#include "resources/ssh_access.h"
#include "resources/suspend.h"
#include "resources/warm.h"

enum { MAX_FACTS = 64 * 1024, SWITCH_MS = 1000 };

/* Folders of the host that the guest can write; never NULL. */
static const char *const *
machine_writes(struct arena *a, const struct spec *spec, size_t *n)
{
	const char **v = arena_alloc(a, (spec->nmounts + 1) * sizeof *v);

	*n = 0;
	for (size_t i = 0; i < spec->nmounts && !spec->plain; i++)
		if (spec->mounts[i].writable)
			v[(*n)++] = spec->mounts[i].location;
	return v;
}

int
machine_mount_folder(const struct env *env, const struct spec *spec, const char *location, struct error *err)
{
	AUTO(guarded) g = { 0 };
	auto_close int fd = -1;

	written_guard(env->home, &g);
	for (size_t i = 0; i < spec->nmounts; i++)
		if (spec->mounts[i].writable)
			guarded_add(&g, spec->mounts[i].location);
	fd = guarded_folder(&g, location, 0755, err);
	return fd < 0 ? -1 : 0;
}

static const char *
if_there(struct arena *a, const struct spec *spec, const char *file)
{
	char *path = arena_printf(a, "%s/%s", spec->dir, file);

	return fs_exists(path) ? path : NULL;
}

/* Not by what the header says: the guest could write any header into a raw disk. */
static int
boot_disk(const struct resource *r, struct machine *m, struct arena *a, struct error *err)
{
	const struct resource *disk = resource_needed(r, "disk");
	struct disk_known k;
	int there = disk_known(r->spec->dir, disk ? facts_get(&disk->have, "format") : NULL, a, &k, err);

	if (there <= 0)
		return there < 0 ? -1 : error_set(err, ERR_INVALID, "%s: no disk to boot from", r->name);
	m->disk = k.disk;
	if (!m->iso)
		m->iso = k.iso;
	return 0;
}

static const char *
data_disk_format(const struct resource *r, const char *name)
{
	for (size_t j = 0; j < r->nneeds; j++)
		if (!strcmp(r->needs[j].to->type->name, "data-disk") && !strcmp(r->needs[j].to->name, name))
			return facts_get(&r->needs[j].to->have, "format");
	return NULL;
}

static int
data_disks(const struct env *env, const struct resource *r, struct machine *m, struct arena *a, struct error *err)
{
	struct image_disk *v = arena_alloc(a, (r->spec->ndisks + 1) * sizeof *v);

	for (size_t i = 0; i < r->spec->ndisks; i++) {
		const char *name = r->spec->disks[i].name;
		struct disk_known k;
		int there = disk_known_data(env->home, name, data_disk_format(r, name), a, &k, err);

		if (there <= 0)
			return there < 0 ? -1 : error_set(err, ENOENT, "disk `%s` does not exist", name);
		v[m->ndata_disks++] = k.disk;
	}
	m->data_disks = v;
	return 0;
}

/* Interfaces on switches: ours, of which the first takes the place of the driver's own network, and those that somebody else runs. */
static void
machine_switches(const struct env *env, const struct spec *spec, struct machine *m, struct arena *a)
{
	struct machine_net *v = arena_alloc(a, (spec->nnetworks + 1) * sizeof *v);

	for (size_t i = 0; i < spec->nnetworks; i++) {
		const struct spec_network *n = &spec->networks[i];
		struct machine_net net = { .socket = n->socket, .mac = n->mac_address };

		if (*n->host)
			net = (struct machine_net){ .socket = interface_there(a, env, spec, i), .local = interface_here(a, spec, i), .mac = interface_mac(a, spec, i) };
		if (n == interface_first(spec))
			m->net0 = net;
		else if (*net.socket)
			v[m->nnets++] = net;
	}
	m->nets = v;
}

/* A machine would start, and be silent about an interface that is on nothing. */
int
machine_check_switches(const struct spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->nnetworks; i++) {
		const char *path = spec->networks[i].socket;
		auto_close int fd = *path ? sock_connect(path, &(struct sock_wait){ .deadline = clock_ms() + SWITCH_MS }, err) : -1;

		if (*path && fd < 0)
			return error_wrap(err, "networks[%zu].socket: start the switch first", i);
	}
	return 0;
}

static int
fill_machine(const struct env *env, const struct resource *r, struct machine *m, struct arena *a, struct error *err)
{
	const struct spec *spec = r->spec;
	const char *cmdline;
	AUTO(buf) text = BUF_INIT;

	m->iso = if_there(a, spec, "iso");
	if (boot_disk(r, m, a, err) < 0 || data_disks(env, r, m, a, err) < 0)
		return -1;
	m->kernel = if_there(a, spec, "kernel");
	m->initrd = if_there(a, spec, "initrd");
	cmdline = if_there(a, spec, "kernel.cmdline");
	if (cmdline && fs_read(cmdline, &text, MAX_FACTS, err) < 0)
		return -1;
	m->cmdline = arena_strdup(a, text.s);
	m->cidata = arena_printf(a, "%s/cidata.iso", spec->dir);
	m->firmware = firmware_listed(spec) ? arena_printf(a, "%s/%s", spec->dir, FIRMWARE_FILE) : NULL;
	m->mac = instance_mac(a, spec->dir);
	machine_switches(env, spec, m, a);
	return 0;
}

enum share_type
machine_share_type(const struct spec *spec)
{
	return !strcmp(spec->mount_type, "9p") ? SHARE_9P : !strcmp(spec->mount_type, "virtiofs") ? SHARE_VIRTIOFS : SHARE_NONE;
}

/* Folders that are devices of the machine. Those of the host that do not exist are made, as upstream does. */
static int
fill_shares(const struct env *env, const struct spec *spec, struct machine *m, struct launch *l, struct arena *a, struct error *err)
{
	struct machine_share *v = arena_alloc(a, (spec->nmounts + 1) * sizeof *v);
	struct launch_mount *lv = arena_alloc(a, (spec->nmounts + 1) * sizeof *lv);

	m->share_type = machine_share_type(spec);
	for (size_t i = 0; i < spec->nmounts && m->share_type != SHARE_NONE; i++) {
		const struct spec_mount *mount = &spec->mounts[i];

		if (machine_mount_folder(env, spec, mount->location, err) < 0)
			return error_wrap(err, "mounts[%zu].location", i);
		if (served_put(env->home, spec->name, mount->tag, &(struct served){ mount->location, mount->writable, false, false, true }, err) < 0)
			return -1;
		v[m->nshares++] = (struct machine_share){ .tag = mount->tag, .path = mount->location, .security_model = mount->p9.security_model,
							  .queue_size = mount->virtiofs_queue_size, .writable = mount->writable };
		lv[l->nmounts++] = (struct launch_mount){ .location = mount->location, .point = mount->mount_point, .tag = mount->tag,
							  .type = spec->mount_type, .writable = mount->writable };
	}
	m->shares = v;
	l->mounts = lv;
	return 0;
}

bool
machine_has_agent(const struct spec *spec)
{
	const struct driver *d = driver_find(spec->vm_type);

	return d && d->agent_port && !spec->plain && !strcmp(spec->os, "Linux");
}

const struct driver_net *
machine_net(const struct spec *spec)
{
	const struct driver *d = driver_find(spec->vm_type);

	/* lima.yaml may name a driver that this build does not have, and is still shown. */
	return d ? &d->net : &driver_all()[0]->net;
}

static void
fill_plain(const struct env *env, const struct spec *spec, struct machine *m)
{
	m->name = spec->name;
	m->dir = spec->dir;
	m->type = spec->vm_type;
	m->hostname = spec->hostname;
	m->config = spec->json;
	m->version = env->version;
	m->disk_bytes = spec->disk_bytes;
	m->arch = spec->arch;
	m->os = spec->os;
	m->minimum_version = spec->minimum_version;
	m->legacy_bios = spec->firmware.legacy_bios;
	m->tpm = spec->tpm;
	m->cpu = spec->cpu_type;
	m->cpus = spec->cpus;
	m->memory_bytes = spec->memory_bytes;
	m->balloon = true;
	/* What was saved in its boot is given to machines of the same parts, whichever host they were begun on. */
	m->room = !warm_parks(spec);
	m->audio_device = spec->audio_device;
	m->audio_interface = spec->audio_interface;
	m->display = spec->video_display;
	m->vnc_display = spec->vnc_display;
	m->agent_port = machine_has_agent(spec);
}

static void
fill_probes(const struct spec *spec, struct launch *l, struct arena *a)
{
	struct launch_probe *p = arena_alloc(a, (spec->nprobes + 1) * sizeof *p);

	for (size_t i = 0; i < spec->nprobes; i++)
		p[i] = (struct launch_probe){ spec->probes[i].description, spec->probes[i].script, spec->probes[i].hint };
	l->probes = p;
	l->nprobes = spec->nprobes;
}

/* Ours first; what lima.yaml says of the same names is not heard, as with upstream. */
static void
fill_names(const struct spec *spec, struct launch *l, struct arena *a)
{
	const struct driver_net *net = machine_net(spec);
	const struct spec_network *first = interface_first(spec);
	/* On a user-v2 network the switch answers this name before the resolver is asked. */
	const struct launch_host ours[] = {
		{ "host.lima.internal", first ? first->host : net->host },
		{ spec->hostname, net->guest },
		{ arena_printf(a, "%s.internal", spec->hostname), net->guest },
	};
	struct launch_host *h = arena_alloc(a, (ARRAY_LEN(ours) + spec->resolver.nhosts) * sizeof *h);
	size_t n = 0;

	for (size_t i = 0; i < (first ? 1 : ARRAY_LEN(ours)); i++)
		h[n++] = ours[i];
	for (size_t i = 0; i < spec->resolver.nhosts; i++) {
		const char *name = spec->resolver.hosts[i].key;

		if (strcasecmp(name, ours[0].name) && strcasecmp(name, ours[1].name) && strcasecmp(name, ours[2].name))
			h[n++] = (struct launch_host){ name, spec->resolver.hosts[i].value };
	}
	l->dns.ipv6 = spec->resolver.ipv6;
	l->dns.hosts = h;
	l->dns.nhosts = n;
}

static void
fill_copies(const struct spec *spec, struct launch *l, struct arena *a)
{
	struct launch_copy *c = arena_alloc(a, (spec->ncopies + 1) * sizeof *c);

	for (size_t i = 0; i < spec->ncopies; i++)
		c[i] = (struct launch_copy){ spec->copies[i].guest, spec->copies[i].host, spec->copies[i].skip_if_missing,
					     spec->copies[i].delete_on_stop };
	l->copies = c;
	l->ncopies = spec->ncopies;
}

static void
tell_driver(void *ctx, const char *text)
{
	const struct env *env = ctx;

	env->say(env, SAY_WARN, "%s", text);
}

/* The machine, as its driver launches it. */
static int
fill_launch(const struct env *env, const struct resource *r, int ssh_port, enum machine_begin how, const char *ram, struct launch *l, struct arena *a, struct error *err)
{
	const struct driver *driver = driver_find(r->spec->vm_type);
	struct machine m = {
		.ssh_port = ssh_port, .waits = how != MACHINE_BOOTS, .ram = ram, .ram_shared = how == MACHINE_BOOTS, .parks = warm_parks(r->spec), .libexec = env->libexec, .runs = instance_runs(env, r), .cancel = env->cancel,
		.warn = tell_driver, .warn_ctx = (void *)(uintptr_t)env,
	};

	if (!driver)
		return error_set(err, ERR_UNSUPPORTED, "vmType: there is no driver `%s` here", r->spec->vm_type);
	fill_plain(env, r->spec, &m);
	if (how == MACHINE_RESUMES)
		suspend_was(r->spec->dir, &m);
	if (fill_machine(env, r, &m, a, err) < 0 || fill_shares(env, r->spec, &m, l, a, err) < 0)
		return -1;
	l->machine.driver = driver->name;
	l->machine.resumes = how == MACHINE_RESUMES;
	l->machine.restored = how == MACHINE_RESTORES;
	return driver->plan(&m, l, a, err);
}

int
machine_launch_file(const struct env *env, const struct resource *r, int ssh_port, int dns_port, enum machine_begin how, const char *ram,
		    struct error *err)
{
	AUTO(arena) a = { 0 };
	const struct spec *spec = r->spec;
	struct launch l = { .name = spec->name, .dir = spec->dir };
	AUTO(cidata) cidata = { 0 };

	if (fill_launch(env, r, ssh_port, how, ram, &l, &a, err) < 0)
		return -1;
	l.ssh.port = ssh_port;
	l.ssh.user = spec->user.name;
	l.ssh.keys = ssh_access_keys(&a, env, spec, &l.ssh.nkeys);
	l.guest.os = spec->os;
	if (cidata_render(&cidata, env, spec, NULL, err) < 0)
		return -1;
	l.guest.iid = cidata.iid;
	l.ssh.host_key = cidata.host_key;
	l.ssh.known_hosts = arena_printf(&a, "%s/" HOST_KEY_KNOWN, spec->dir);
	l.guest.plain = spec->plain;
	l.guest.uid = spec->user.uid;
	l.guest.sshfs = spec->nmounts && !strcmp(spec->mount_type, "reverse-sshfs") && !spec->plain;
	l.guest.writes = machine_writes(&a, spec, &l.guest.nwrites);
	if (written_add(env->home, l.guest.writes, l.guest.nwrites, err) < 0)
		return -1;
	l.guest.inotify = spec->mount_inotify;
	l.guest.containerd = spec->containerd.system || spec->containerd.user;
	l.guest.install_prefix = spec->guest_install_prefix;
	l.boot_timeout_ms = env->ready_timeout_s * 1000;
	fill_probes(spec, &l, &a);
	fill_copies(spec, &l, &a);
	l.dns.port = dns_port;
	fill_names(spec, &l, &a);
	return launch_save(&l, arena_printf(&a, "%s/launch.json", spec->dir), err);
}

/* One disk, before a guest gets it. */
static int
disk_settle(const struct disk_known *k, struct error *err)
{
	return image_disk_check(&k->disk, err) < 0 ? -1 : disk_keep_known(k, err);
}

int
machine_settle_data_disk(const struct env *env, const struct resource *r, const char *name, struct arena *a, struct image_disk *out, struct error *err)
{
	struct disk_known k;
	int there = disk_known_data(env->home, name, data_disk_format(r, name), a, &k, err);

	if (there <= 0)
		return there < 0 ? -1 : error_set(err, ENOENT, "disk `%s` does not exist", name);
	*out = k.disk;
	return disk_settle(&k, err);
}

int
machine_settle_disks(const struct env *env, const struct resource *r, struct error *err)
{
	const struct resource *disk = resource_needed(r, "disk");
	AUTO(arena) a = { 0 };
	struct disk_known k;
	int there = disk_known(r->spec->dir, disk ? facts_get(&disk->have, "format") : NULL, &a, &k, err);

	if (there < 0 || (there && disk_settle(&k, err) < 0))
		return -1;
	for (size_t i = 0; i < r->spec->ndisks; i++) {
		const char *name = r->spec->disks[i].name;

		there = disk_known_data(env->home, name, data_disk_format(r, name), &a, &k, err);
		if (there < 0 || (there && disk_settle(&k, err) < 0))
			return -1;
	}
	return 0;
}

int
machine_facts_save(const char *path, const struct facts *f, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	facts_pack(f, &b);
	return fs_write(path, b.s, b.len, 0600, err);
}

void
machine_facts_load(const char *path, struct facts *f, struct arena *a)
{
	AUTO(buf) b = BUF_INIT;

	if (fs_read_if(path, &b, MAX_FACTS, NULL) == 1)
		facts_unpack(f, a, arena_memdup(a, b.s, b.len), b.len);
}
