#include "resources/machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/semver.h"
#include "providers/drivers/qemu/accel.h"
#include "providers/fetch/digest.h"
#include "providers/disk/image.h"
#include "providers/launch.h"
#include "providers/ssh/host_key.h"
#include "providers/drivers/qemu/qemu.h"
#include "providers/sock.h"
#include "resources/instance_paths.h"
#include "resources/helper_daemons.h"
#include "resources/disk_known.h"
#include "resources/firmware.h"
#include "resources/cidata_files.h"
#include "resources/ssh_access.h"

enum { MAX_FACTS = 64 * 1024, SWITCH_MS = 1000 };

const char *
machine_words(struct arena *a, const struct env *env, const struct spec *spec)
{
	AUTO(buf) b = BUF_INIT;

	(void)env;
	buf_addf(&b, "%s %s cpu=%s bios=%d video=%s vnc=%s audio=%s:%s tpm=%d nested=%d mounts=%s%s", spec->vm_type, spec->arch,
		 spec->cpu_type, spec->firmware.legacy_bios, spec->video_display, spec->vnc_display, spec->audio_device,
		 spec->audio_interface, spec->tpm, spec->nested_virtualization, spec->mount_type, spec->mount_inotify ? " inotify" : "");
	for (size_t i = 0; i < spec->nmounts && strcmp(spec->mount_type, "reverse-sshfs"); i++)
		buf_addf(&b, " %s:%d:%s:%d", spec->mounts[i].tag, spec->mounts[i].writable, spec->mounts[i].p9.security_model,
			 spec->mounts[i].virtiofs_queue_size);
	for (size_t i = 0; i < spec->firmware.nimages; i++) {
		const struct spec_file *f = &spec->firmware.images[i];

		buf_addf(&b, " firmware=%s:%s:%s:%s", f->location, f->arch, f->digest ? f->digest : "", f->vm_type ? f->vm_type : "");
	}
	for (size_t i = 0; i < spec->ndisks; i++)
		buf_addf(&b, " disk=%s", spec->disks[i].name);
	for (size_t i = 0; i < spec->nnetworks; i++)
		buf_addf(&b, " net=%s:%s:%s", spec->networks[i].lima, spec->networks[i].socket, spec->networks[i].mac_address);
	return arena_strdup(a, b.s);
}

const char *
machine_probes_digest(struct arena *a, const struct spec *spec)
{
	AUTO(buf) b = BUF_INIT;
	char hex[65];

	for (size_t i = 0; i < spec->nprobes; i++)
		buf_addf(&b, "%s\n%s\n", spec->probes[i].description, spec->probes[i].script);
	sha256_hex(b.s, b.len, hex);
	return arena_strdup(a, hex);
}

const char *
machine_names_digest(struct arena *a, const struct spec *spec)
{
	AUTO(buf) b = BUF_INIT;
	char hex[65];

	if (!cidata_resolves(spec))
		return NULL;
	buf_addf(&b, "%d\n", spec->resolver.ipv6);
	for (size_t i = 0; i < spec->resolver.nhosts; i++)
		buf_addf(&b, "%s\n%s\n", spec->resolver.hosts[i].key, spec->resolver.hosts[i].value);
	sha256_hex(b.s, b.len, hex);
	return arena_strdup(a, hex);
}

const char *
machine_copies_digest(struct arena *a, const struct spec *spec)
{
	AUTO(buf) b = BUF_INIT;
	char hex[65];

	for (size_t i = 0; i < spec->ncopies; i++)
		buf_addf(&b, "%s\n%s\n%d%d\n", spec->copies[i].guest, spec->copies[i].host, spec->copies[i].skip_if_missing,
			 spec->copies[i].delete_on_stop);
	sha256_hex(b.s, b.len, hex);
	return arena_strdup(a, hex);
}

const char *const *
machine_writes(struct arena *a, const struct spec *spec, size_t *n)
{
	const char **v = arena_alloc(a, (spec->nmounts + 1) * sizeof *v);

	*n = 0;
	for (size_t i = 0; i < spec->nmounts && !spec->plain; i++)
		if (spec->mounts[i].writable)
			v[(*n)++] = spec->mounts[i].location;
	return v;
}

const char *
machine_writes_digest(struct arena *a, const struct spec *spec)
{
	AUTO(buf) b = BUF_INIT;
	char hex[65];
	size_t n;
	const char *const *v = machine_writes(a, spec, &n);

	for (size_t i = 0; i < n; i++)
		buf_add(&b, v[i], strlen(v[i]) + 1);
	sha256_hex(b.s, b.len, hex);
	return n ? arena_strdup(a, hex) : "nothing";
}

static int
choose_accel(const struct env *env, const struct resource *r, const char *program, struct accel_choice *choice,
	     struct error *err)
{
	if (accel_choose(r->spec->arch, program, choice, err) < 0)
		return -1;
	if (choice->accel == ACCEL_TCG && choice->worth_a_warning && !instance_runs(env, r))
		env->say(env, SAY_WARN, "%s: no hardware virtualisation, emulating (slow): %s", r->name, choice->reason);
	return 0;
}

/*
 * The variables of this machine: made of the firmware's own, until firmware of another size comes. In a format
 * that has snapshots: with one writable drive that has none, QEMU refuses them for the whole machine.
 */
static int
variable_store(const struct env *env, const struct resource *r, const char *template, struct qemu_machine *m, struct arena *a,
	       struct error *err)
{
	char *path = arena_printf(a, "%s/qemu-efi-vars.fd", r->spec->dir);
	int64_t was, now;

	if (!template)
		return 0;
	m->firmware_vars = path;
	if (image_size(template, "raw", &now, err) < 0)
		return -1;
	if (image_size(path, "qcow2", &was, NULL) == 0 && was == now)
		return 0;
	return image_convert(&(struct image_convert){ template, "raw", path, "qcow2", now, env->cancel }, err);
}

/*
 * UEFI with its variables; nothing with legacy BIOS or where the machine boots by itself. A kernel that QEMU loads
 * itself needs none either, and where the other firmware does it too, three seconds of emulation are saved.
 */
static int
firmware(const struct env *env, const struct resource *r, const char *program, struct qemu_machine *m, struct arena *a,
	 struct error *err)
{
	const struct spec *spec = r->spec;
	bool bios = qemu_has_legacy_bios(spec->arch), kernel = spec->nimages && spec->images[0].has_kernel;
	const char *vars;

	if (firmware_listed(spec)) {
		m->firmware_code = arena_printf(a, "%s/%s", spec->dir, FIRMWARE_FILE);
		return 0;
	}
	if (!qemu_needs_firmware(spec->arch) || (bios && (kernel || spec->firmware.legacy_bios)))
		return 0;
	m->firmware_code = qemu_firmware(spec->arch, program, a, &vars);
	if (!m->firmware_code)
		return error_set(err, ERR_UNSUPPORTED, "no UEFI firmware for %s on this host: install the package %s%s", spec->arch,
				 qemu_firmware_package(spec->arch), bios ? ", or set firmware.legacyBIOS: true" : "");
	return variable_store(env, r, vars, m, a, err);
}

static const char *
if_there(struct arena *a, const struct spec *spec, const char *file)
{
	char *path = arena_printf(a, "%s/%s", spec->dir, file);

	return fs_exists(path) ? path : NULL;
}

/* Not by what the header says: the guest could write any header into a raw disk. */
static int
boot_disk(const struct resource *r, struct qemu_machine *m, struct arena *a, struct error *err)
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
data_disks(const struct env *env, const struct resource *r, struct qemu_machine *m, struct arena *a, struct error *err)
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

/* `socket:` networks: further interfaces, on switches that somebody else runs */
static void
switches(const struct spec *spec, struct qemu_machine *m, struct arena *a)
{
	struct qemu_net *v = arena_alloc(a, (spec->nnetworks + 1) * sizeof *v);

	for (size_t i = 0; i < spec->nnetworks; i++)
		if (*spec->networks[i].socket)
			v[m->nnets++] = (struct qemu_net){ spec->networks[i].socket, spec->networks[i].mac_address };
	m->nets = v;
}

/* QEMU would start, and be silent about an interface that is on nothing. */
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

/*
 * A kernel that is emulated on a busy host sees too few ticks of its timer when it checks how that is wired, and
 * panics now and then ("IO-APIC + timer doesn't work!"): what QEMU wires needs no check.
 */
static const char *
kernel_words(struct arena *a, const struct spec *spec, enum accel accel, const char *text)
{
	bool checks = accel == ACCEL_TCG && !strcmp(spec->arch, "x86_64") && !strcmp(spec->os, "Linux");

	return arena_printf(a, "%s%s", text, checks && !strstr(text, "no_timer_check") ? *text ? " no_timer_check" : "no_timer_check" : "");
}

/* vmOpts.qemu.minimumVersion */
static int
check_version(const struct spec *spec, const int have[3], struct error *err)
{
	struct semver least, now = { { (unsigned long)have[0], (unsigned long)have[1], (unsigned long)have[2] } };

	if (!spec->qemu_minimum_version || semver_parse(&least, spec->qemu_minimum_version) < 0 || semver_compare(&now, &least) >= 0)
		return 0;
	return error_set(err, ERR_UNSUPPORTED, "vmOpts.qemu.minimumVersion: QEMU %s or newer is wanted, and this host has %d.%d.%d",
			 spec->qemu_minimum_version, have[0], have[1], have[2]);
}

static int
fill_machine(const struct env *env, const struct resource *r, struct qemu_machine *m, struct arena *a, struct error *err)
{
	const struct spec *spec = r->spec;
	struct accel_choice accel;
	const char **words, *cmdline;
	AUTO(buf) text = BUF_INIT;

	if (qemu_find(spec->arch, a, &words, &m->nprogram, err) < 0 ||
	    qemu_probe(words[0], m->version, &m->sandbox, err) < 0 || check_version(spec, m->version, err) < 0 ||
	    choose_accel(env, r, words[0], &accel, err) < 0 ||
	    firmware(env, r, words[0], m, a, err) < 0)
		return -1;
	m->program = words;
	m->accel = accel_name(accel.accel);
	m->iso = if_there(a, spec, "iso");
	if (boot_disk(r, m, a, err) < 0 || data_disks(env, r, m, a, err) < 0)
		return -1;
	m->kernel = if_there(a, spec, "kernel");
	m->initrd = if_there(a, spec, "initrd");
	cmdline = if_there(a, spec, "kernel.cmdline");
	if (cmdline && fs_read(cmdline, &text, MAX_FACTS, err) < 0)
		return -1;
	m->cmdline = m->kernel ? kernel_words(a, spec, accel.accel, text.s) : "";
	m->cidata = arena_printf(a, "%s/cidata.iso", spec->dir);
	m->mac = instance_mac(a, spec->dir);
	switches(spec, m, a);
	if (!m->sandbox)
		env->say(env, SAY_WARN, "%s: this QEMU was built without -sandbox: nothing but its user confines it",
			 r->name);
	return 0;
}

bool
machine_has_agent(const struct spec *spec)
{
	return !spec->plain && !strcmp(spec->os, "Linux");
}

static void
fill_plain(const struct spec *spec, struct qemu_machine *m)
{
	m->name = spec->name;
	m->dir = spec->dir;
	m->arch = spec->arch;
	m->cpu = spec->cpu_type;
	m->cpus = spec->cpus;
	m->memory_bytes = spec->memory_bytes;
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
	const struct launch_host ours[] = {
		{ "host.lima.internal", SLIRP_GATEWAY },
		{ spec->hostname, SLIRP_IP },
		{ arena_printf(a, "%s.internal", spec->hostname), SLIRP_IP },
	};
	struct launch_host *h = arena_alloc(a, (ARRAY_LEN(ours) + spec->resolver.nhosts) * sizeof *h);
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
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
fill_disks(const struct qemu_machine *m, struct launch *l, struct arena *a)
{
	struct image_disk *d = arena_alloc(a, (m->ndata_disks + 2) * sizeof *d);

	d[l->ndisks++] = m->disk;
	for (size_t i = 0; i < m->ndata_disks; i++)
		d[l->ndisks++] = m->data_disks[i];
	if (m->firmware_vars)
		d[l->ndisks++] = (struct image_disk){ .path = m->firmware_vars, .format = "qcow2" };
	l->disks = d;
}

int
machine_launch_file(const struct env *env, const struct resource *r, int ssh_port, int dns_port, struct error *err)
{
	AUTO(arena) a = { 0 };
	const struct spec *spec = r->spec;
	struct qemu_machine m = { .ssh_port = ssh_port };
	struct launch l = { .name = spec->name, .dir = spec->dir };
	AUTO(cidata) cidata = { 0 };
	const char **argv;

	fill_plain(spec, &m);
	if (fill_machine(env, r, &m, &a, err) < 0 || companions_fill(env, spec, &m, &l, &a, err) < 0)
		return -1;
	qemu_confine(&m);
	if (qemu_argv(&m, &a, &argv, &l.machine.nargv, err) < 0)
		return -1;
	l.machine.driver = spec->vm_type;
	l.machine.argv = argv;
	l.machine.capabilities = m.capabilities;
	l.machine.pidfile = arena_printf(&a, "%s/qemu.pid", spec->dir);
	l.machine.control = arena_printf(&a, "%s/qmp.sock", spec->dir);
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
	l.guest.inotify = spec->mount_inotify;
	l.guest.containerd = spec->containerd.system || spec->containerd.user;
	l.guest.install_prefix = spec->guest_install_prefix;
	l.guest.agent_socket = m.agent_port ? arena_printf(&a, "%s/ga.sock", spec->dir) : "";
	l.boot_timeout_ms = env->ready_timeout_s * 1000;
	fill_probes(spec, &l, &a);
	if (!strcmp(spec->video_display, "vnc"))
		l.vnc_display = *spec->vnc_display ? spec->vnc_display : QEMU_VNC_DISPLAY;
	fill_copies(spec, &l, &a);
	fill_disks(&m, &l, &a);
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
