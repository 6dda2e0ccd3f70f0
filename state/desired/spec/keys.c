/* The table of keys, top level, and looking things up in it. */
#include "state/desired/spec/keys.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "base/semver.h"
#include "base/size.h"
#include "base/utf8.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/load.h"

static void
check_base(struct load *l, const struct val *v)
{
	if (v->index <= 0)	/* the first says it for all */
		diag_error(l, v->index ? v : v->up, NULL, "must be empty in an instance's lima.yaml (templates are embedded when the instance is created)");
}

static void
check_minimum(struct load *l, const struct val *v)
{
	struct semver want, have;

	if (semver_parse(&want, v->s) < 0)
		diag_error(l, v, NULL, "must be a semantic version such as `2.0.0`, got `%s`", v->s);
	else if (semver_parse(&have, l->opts->version) == 0 && semver_compare(&have, &want) < 0)
		diag_error(l, v, NULL, "template requires Lima version `%s`; this is only `%s`", v->s, l->opts->version);
}

static struct val *
default_os(struct load *l, struct val *up)
{
	return val_text(l, up, "os", "Linux");
}

static struct val *
spec_keys_default_arch(struct load *l, struct val *up)
{
	return val_text(l, up, "arch", l->host->arch);
}

/* "default" is an old way to say nothing */
static void
finish_default(struct load *l, struct val *v)
{
	if (!strcmp(v->s, "default"))
		v->s = v->key->make(l, v->up)->s;
}

static struct val *
default_vm_type(struct load *l, struct val *up)
{
	bool native = !strcmp(val_s(up, "arch"), l->host->arch);

	return val_text(l, up, "vmType", !strcmp(l->host->os, "Darwin") && native ? "vz" : "qemu");
}

static void
spec_keys_check_vm_type(struct load *l, const struct val *v)
{
	static const char ours[] = "qemu vz wsl2";
	const char *near;

	if (word_in(v->s, ours))
		return;
	for (const char *const *d = l->opts->drivers; d && *d; d++)
		if (!strcmp(*d, v->s))
			return;
	if (l->opts->external && l->opts->external(v->s))
		return;
	near = nearest_word(l->a, v->s, ours);
	diag_error(l, v, NULL, "`%s` is not a registered driver; must be %s, or an external driver that is installed%s", v->s,
		 words_text(l->a, ours), near ? nearest_hint(l->a, near) : arena_printf(l->a, ": lima-driver-%s in PREFIX/libexec/lima/drivers or in a folder of $LIMA_DRIVERS_PATH", v->s));
}

static void
check_os(struct load *l, const struct val *v)
{
	const char *vm = val_s(v->up, "vmType"), *arch = val_s(v->up, "arch");

	if (strcmp(v->s, "Windows"))
		return;
	if (strcmp(vm, "qemu"))
		diag_error(l, v, NULL, "a Windows guest is only supported with vmType `qemu`, got `%s`", vm);
	if (!word_in(arch, "x86_64 aarch64"))
		diag_error(l, v, NULL, "a Windows guest is only supported on arch `x86_64` or `aarch64`, got `%s`", arch);
}

static struct val *
default_cpus(struct load *l, struct val *up)
{
	return val_int(l, up, "cpus", l->host->cpus < 4 ? l->host->cpus : 4);
}

static struct val *
default_memory(struct load *l, struct val *up)
{
	uint64_t half = l->host->memory_bytes / 2, most = (uint64_t)4 << 30;

	return val_text(l, up, "memory", size_text(l->a, half < most ? half : most));
}

static struct val *
default_timezone(struct load *l, struct val *up)
{
	return val_text(l, up, "timezone", l->host->timezone);
}

static void
check_tpm(struct load *l, const struct val *v)
{
	static const char able[] = "x86_64 aarch64 armv7l riscv64";
	const char *arch = val_s(v->up, "arch");

	if (v->b && !word_in(arch, able))
		diag_error(l, v, NULL, "is not supported on architecture `%s`; only on %s", arch, words_text(l->a, able));
}

static void
spec_keys_check_mount_type(struct load *l, const struct val *v)
{
	const struct val *no = val_get(v->up, "mountTypesUnsupported");

	for (size_t i = 0; no && i < no->n; i++)
		if (!strcmp(no->item[i]->s, v->s))
			diag_error(l, v, NULL, "must not be one of `mountTypesUnsupported`, which has `%s`", v->s);
}

static void
check_dns(struct load *l, const struct val *v)
{
	const struct val *resolver = val_get(v->up, "hostResolver");

	if (v->n && val_b(resolver, "enabled"))
		diag_error(l, v, NULL, "must be empty while `hostResolver.enabled` is true (set `hostResolver: {enabled: false}`)");
}

/* Blanks and tabs are allowed, too. */
static bool
text_is_printable(const char *s)
{
	uint32_t rune;
	bool bad = false;

	for (size_t n; *s; s += n) {
		n = utf8_next(s, &rune, &bad);
		if (bad || (rune != '\t' && !utf8_printable(rune)))
			return false;
	}
	return true;
}

static bool
is_param_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return !s[n] && n && *s != '_' && !(*s >= '0' && *s <= '9');
}

static void
check_param(struct load *l, const struct val *v)
{
	for (size_t i = 0; i < v->npair; i++) {
		const struct val_pair *p = &v->pair[i];

		if (!is_param_name(p->key))
			diag_error_at(l, v, p->key, p->at, "param name `%s` must be a letter followed by letters, digits and underscores", p->key);
		if (!text_is_printable(p->value))
			diag_error_at(l, v, p->key, p->at, "param value contains an unprintable character");
	}
}

static bool
keys_has_pair(const struct val *map, const char *name)
{
	for (size_t i = 0; map && i < map->npair; i++)
		if (!strcmp(map->pair[i].key, name))
			return true;
	return false;
}

/* A name that is written wrong would leave the value in plain sight. */
static void
check_secret(struct load *l, const struct val *v)
{
	if (!keys_has_pair(val_get(l->root, "env"), v->s) && !keys_has_pair(val_get(l->root, "param"), v->s))
		diag_error(l, v, NULL, "neither `env` nor `param` has `%s`", v->s);
}

/*
 * `memory: 4` is four bytes, which nobody means. What programs write is a number of bytes too, but a large one; so only
 * what is too small to be meant is told.
 */
static void
check_least(struct load *l, const struct val *v, uint64_t least)
{
	const char *digits = v->s + strspn(v->s, "0123456789.");
	uint64_t bytes;

	if (!is_strict_at(l, v->at) || size_parse(&bytes, v->s, NULL) < 0 || bytes >= least)
		return;
	if (!*digits && bytes < 1 << 20)
		diag_error(l, v, NULL, "`%s` without a unit is a number of bytes; write `%sGiB`, if that is what you mean", v->s, v->s);
	else if (least > 1)
		diag_error(l, v, NULL, "must be at least %s, got `%s`", size_text(l->a, least), v->s);
}

static void
check_memory(struct load *l, const struct val *v)
{
	check_least(l, v, 16 << 20);
}

static void
check_disk(struct load *l, const struct val *v)
{
	check_least(l, v, 1 << 20);
}

static const struct key root[] = {
	{ "base", KEY_LIST, .sub = keys_locator, .shorthand = "url", .flags = KEY_LONE, .mix = MIX_OWN, .check = check_base,
	  .change = CHANGE_NOTE, .about = "Templates to build on, first to last; what is set here wins over them." },
	{ "minimumLimaVersion", KEY_TEXT, .mix = MIX_OWN, .check = check_minimum, .change = CHANGE_NOTE,
	  .about = "Oldest version of Lima that understands this file." },
	{ "vmType", KEY_TEXT, .make = default_vm_type, .usual = "`qemu`; on macOS `vz` for its own architecture", .check = spec_keys_check_vm_type, AT(spec, vm_type), .go = "VMType",
	  .change = CHANGE_REFUSED, .about = "What runs the virtual machine: qemu, vz, wsl2 or an external driver." },
	{ "vmOpts", KEY_ANY, .mix = MIX_MAP, .check = check_vm_opts, .go = "VMOpts", .change = CHANGE_RESTART, .about = "Options for drivers, by their names." },
	{ "os", KEY_TEXT, .words = "Linux Darwin FreeBSD Windows", .flags = KEY_BLANK_UNSET, .make = default_os, .usual = "Linux", .finish = finish_default,
	  .check = check_os, AT(spec, os), .go = "OS", .change = CHANGE_REFUSED, .about = "Operating system of the guest." },
	{ "arch", KEY_TEXT, .words = "x86_64 aarch64 armv7l ppc64le riscv64 s390x", .flags = KEY_BLANK_UNSET, .make = spec_keys_default_arch, .usual = "the host's",
	  .finish = finish_default, AT(spec, arch), .change = CHANGE_REFUSED,
	  .about = "Architecture of the guest; any but the host's is emulated." },
	{ "images", KEY_LIST, .sub = keys_images, .mix = MIX_JOIN, .flags = KEY_NEEDED, AT_LIST(spec, images, nimages, spec_image),
	  .change = CHANGE_CREATION, .about = "Disk images to start from; the first that fits and can be fetched is taken." },
	{ "cpuType", KEY_MAP, .mix = MIX_OWN, .check = check_cpu_type, .go = "CPUType", .instead = "`vmOpts.qemu.cpuType`", .change = CHANGE_RESTART,
	  .about = "CPU models for QEMU by architecture." },
	{ "cpus", KEY_INT, .flags = KEY_BLANK_UNSET | KEY_LIVE, .make = default_cpus, .usual = "4, or what the host has if that is less", AT(spec, cpus), .go = "CPUs", .change = CHANGE_RESTART,
	  .about = "Number of virtual CPUs; while it runs more can come, as far as it was started with room." },
	{ "memory", KEY_SIZE, .flags = KEY_BLANK_UNSET | KEY_LIVE, .make = default_memory, .usual = "4GiB, or half of the host's if that is less", .check = check_memory, AT(spec, memory_bytes), .change = CHANGE_RESTART,
	  .about = "Memory of the machine; while it runs it can have less, and again as much as it was started with." },
	{ "disk", KEY_SIZE, .flags = KEY_BLANK_UNSET | KEY_DISK_WORK | KEY_LIVE, .def = "100GiB", .check = check_disk, AT(spec, disk_bytes), .change = CHANGE_RESTART,
	  .about = "Size of the disk; it can grow later, also under a machine that runs, and not shrink." },
	{ "diskMode", KEY_TEXT, .words = "auto overlay copy", .flags = KEY_BLANK_UNSET, .usual = "auto", AT(spec, disk_mode),
	  .change = CHANGE_CREATION,
	  .about = "How the disk is made from the image: auto (a member of a fleet shares the image's bytes with the others, by reflink or as an overlay; any other has a copy), overlay or copy." },
	{ "warmStart", KEY_BOOL, .usual = "false", AT(spec, warm_start), .change = CHANGE_RESTART,
	  .about = "The first start is from a machine of the same parts that was saved as it booted, and the first of them saves it; of guests that can wait there: the tiny one, and those with systemd-networkd and cloud-init. Any other boots." },
	{ "snapshots", KEY_LIST, .sub = keys_snapshots, .mix = MIX_JOIN, .flags = KEY_QUIET, AT_LIST(spec, snapshots, nsnapshots, spec_snapshots),
	  .change = CHANGE_LIVE,
	  .about = "Snapshots that are taken of the running machine, with its memory: by apply and start, when one is due, and by a timer of `limactl autostart`." },
	{ "additionalDisks", KEY_LIST, .sub = keys_disks, .shorthand = "name", .flags = KEY_LIVE, .mix = MIX_JOIN, AT_LIST(spec, disks, ndisks, spec_disk),
	  .change = CHANGE_RESTART, .about = "Further disks, made with `limactl disk create`, mounted at /mnt/lima-NAME; one that is added comes while the machine runs." },
	{ "mounts", KEY_LIST, .sub = keys_mounts, .mix = MIX_JOIN_UP, .finish = finish_mounts, AT_LIST(spec, mounts, nmounts, spec_mount),
	  .change = CHANGE_RESTART, .over_ssh = CHANGE_LIVE, .about = "Folders of the host that the guest sees." },
	{ "mountTypesUnsupported", KEY_TEXTS, .mix = MIX_JOIN, .change = CHANGE_RESTART, .about = "Mount types that the guest cannot do." },
	{ "mountType", KEY_TEXT, .words = "reverse-sshfs 9p virtiofs wsl2", .check = spec_keys_check_mount_type, AT(spec, mount_type),
	  .change = CHANGE_RESTART, .usual = "reverse-sshfs", .about = "How folders are mounted." },
	{ "mountInotify", KEY_BOOL, .def = "false", AT(spec, mount_inotify), .change = CHANGE_RESTART,
	  .about = "Tell the guest of changes in mounted folders (experimental)." },
	{ "ssh", KEY_GROUP, .sub = keys_ssh, .finish = finish_ssh, .go = "SSH", .about = "How the guest is reached." },
	{ "firmware", KEY_GROUP, .sub = keys_firmware, .about = "What the machine boots with." },
	{ "audio", KEY_GROUP, .sub = keys_audio, .about = "Sound." },
	{ "video", KEY_GROUP, .sub = keys_video, .about = "Display." },
	{ "provision", KEY_LIST, .sub = keys_provision, .mix = MIX_JOIN, .check = check_provision,
	  AT_LIST(spec, provision, nprovision, spec_provision), .change = CHANGE_LIVE, .boot_modes = PROVISION_AT_BOOT,
	  .about = "Scripts and files that set up the guest, at every boot." },
	{ "upgradePackages", KEY_BOOL, .def = "false", AT(spec, upgrade_packages), .change = CHANGE_BOOT,
	  .about = "Upgrade all packages when booting, and boot again if needed." },
	{ "containerd", KEY_GROUP, .sub = keys_containerd, .about = "containerd and nerdctl in the guest." },
	{ "guestInstallPrefix", KEY_TEXT, .def = "/usr/local", AT(spec, guest_install_prefix), .change = CHANGE_BOOT,
	  .about = "Where the guest agent and nerdctl are installed." },
	{ "probes", KEY_LIST, .sub = keys_probes, .mix = MIX_JOIN, .finish = finish_probes, .check = check_probe,
	  AT_LIST(spec, probes, nprobes, spec_probe), .change = CHANGE_AGENT, .about = "Scripts that succeed once the guest is ready." },
	{ "portForwards", KEY_LIST, .sub = keys_forwards, .mix = MIX_JOIN, .check = check_forward,
	  AT_LIST(spec, forwards, nforwards, spec_forward), .change = CHANGE_LIVE,
	  .about = "Rules for forwarding ports and sockets; the first that matches wins." },
	{ "copyToHost", KEY_LIST, .sub = keys_copies, .mix = MIX_JOIN, AT_LIST(spec, copies, ncopies, spec_copy), .change = CHANGE_AGENT,
	  .about = "Files to be copied to the host when the guest is ready." },
	{ "message", KEY_TEXT, .mix = MIX_OWN, .flags = KEY_QUIET | KEY_LINES, AT(spec, message), .change = CHANGE_NOTE,
	  .about = "Shown after the start; a template over the instance's fields." },
	{ "networks", KEY_LIST, .sub = keys_networks, .mix = MIX_JOIN_UP, .finish = finish_networks, .check = check_network,
	  AT_LIST(spec, networks, nnetworks, spec_network), .change = CHANGE_RESTART, .about = "Network interfaces besides the built-in one." },
	{ "env", KEY_MAP, .flags = KEY_LINES | KEY_LIVE, .mix = MIX_MAP, AT_LIST(spec, env, nenv, spec_pair), .change = CHANGE_BOOT,
	  .about = "Variables for /etc/environment of the guest: of whoever logs in from then on." },
	{ "param", KEY_MAP, .mix = MIX_MAP, .check = check_param, AT_LIST(spec, param, nparam, spec_pair), .change = CHANGE_BOOT,
	  .about = "Parameters of scripts: {{.Param.NAME}}, and PARAM_NAME in their environment." },
	{ "secrets", KEY_TEXTS, .mix = MIX_JOIN, .flags = KEY_QUIET, .check = check_secret, .change = CHANGE_NOTE,
	  .about = "Names of `env` and `param` whose values are never shown: not in plans, the journal, events or `limactl diagnose`." },
	{ "dns", KEY_IPS, .mix = MIX_FIRST, .check = check_dns, AT_LIST(spec, dns, ndns, spec_pair), .go = "DNS", .change = CHANGE_BOOT,
	  .about = "Name servers of the guest when the host resolver is off." },
	{ "hostResolver", KEY_GROUP, .sub = keys_resolver, .about = "Names are looked up by the host for the guest." },
	{ "propagateProxyEnv", KEY_BOOL, .def = "true", AT(spec, propagate_proxy_env), .change = CHANGE_BOOT,
	  .about = "Hand the host's proxy variables to the guest; they beat `env`." },
	{ "caCerts", KEY_GROUP, .sub = keys_ca, .go = "CACertificates", .about = "Certificate authorities that the guest trusts." },
	{ "rosetta", KEY_GROUP, .sub = keys_rosetta, .mix = MIX_OWN, .instead = "`vmOpts.vz.rosetta`", .about = "Rosetta." },
	{ "plain", KEY_BOOL, .def = "false", AT(spec, plain), .change = CHANGE_RESTART,
	  .about = "No mounts, no guest agent, no containerd, no automatic port forwarding." },
	{ "timezone", KEY_TEXT, .make = default_timezone, .usual = "the host's", AT(spec, timezone), .go = "TimeZone", .change = CHANGE_BOOT,
	  .about = "Time zone of the guest; empty leaves the guest's alone." },
	{ "nestedVirtualization", KEY_BOOL, .def = "false", AT(spec, nested_virtualization), .change = CHANGE_RESTART,
	  .about = "Let the guest run virtual machines itself." },
	{ "user", KEY_GROUP, .sub = keys_user, .about = "The guest's user." },
	{ "tpm", KEY_BOOL, .def = "false", .check = check_tpm, AT(spec, tpm), .go = "TPM", .change = CHANGE_RESTART,
	  .about = "A TPM 2.0 device." },
	{ "osOpts", KEY_ANY, .mix = MIX_MAP, .change = CHANGE_CREATION, .about = "Options for operating systems, by their names." },
	{ NULL }
};

const struct key key_root = { "", KEY_GROUP, .sub = root, .finish = finish_root };

static void
spec_keys_walk(const struct key *table, struct buf *path, void (*each)(void *, const char *, const struct key *), void *ctx)
{
	size_t len = path->len;

	for (; table->name; table++) {
		buf_addf(path, "%s%s%s", len ? "." : "", table->name, table->type == KEY_LIST ? "[]" : "");
		each(ctx, path->s, table);
		if (table->sub)
			spec_keys_walk(table->sub, path, each, ctx);
		buf_truncate(path, len);
	}
}

void
key_each(void (*each)(void *ctx, const char *path, const struct key *k), void *ctx)
{
	AUTO(buf) path = BUF_INIT;

	spec_keys_walk(root, &path, each, ctx);
}

void
key_each_below(const struct key *table, void (*each)(void *ctx, const char *path, const struct key *k), void *ctx)
{
	AUTO(buf) path = BUF_INIT;

	spec_keys_walk(table, &path, each, ctx);
}

const struct key *
key_find(const char *path)
{
	const struct key *table = root, *k = NULL;

	while (*path) {
		size_t n = strcspn(path, ".[");

		for (k = table; k->name && (strlen(k->name) != n || memcmp(k->name, path, n)); k++)
			;
		if (!k->name)
			return NULL;
		path += n;
		while (*path == '[')
			path += strcspn(path, "]") + (path[strcspn(path, "]")] == ']');
		path += *path == '.';
		if (!k->sub)
			return k;
		table = k->sub;
	}
	return k;
}

static const struct {
	const char *word, *text;
	enum change_class cls;
} prices[] = {
	[CHANGE_UNSAID] = { "", "", CLASS_NOTHING },
	[CHANGE_NOTE] = { "free", "nothing to do in the machine", CLASS_NOTHING },
	[CHANGE_LIVE] = { "live", "in place", CLASS_LIVE },
	[CHANGE_AGENT] = { "live", "in place", CLASS_LIVE },
	[CHANGE_BOOT] = { "restart", "told to the guest at boot; a running machine is restarted", CLASS_GUEST_REBOOT },
	[CHANGE_RESTART] = { "restart", "a running machine is restarted", CLASS_RESTART },
	[CHANGE_CREATION] = { "reset", "only matters when the instance is made: no effect until `limactl factory-reset`", CLASS_CREATION },
	[CHANGE_REFUSED] = { "never", "cannot be changed", CLASS_REFUSED },
};

const char *
key_change_text(enum key_change c)
{
	return prices[c].text;
}

enum change_class
key_class(const struct key *k, bool over_ssh)
{
	return k->flags & KEY_DISK_WORK ? CLASS_DISK : prices[key_cost(k, over_ssh)].cls;
}

const char *
key_change_word(enum key_change c)
{
	return prices[c].word;
}

const char *
key_default_text(const struct key *k)
{
	if (k->def || k->usual)
		return k->def && *k->def ? k->def : k->usual;
	return k->type == KEY_BOOL ? "false" : NULL;
}
