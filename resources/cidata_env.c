/*
 * lima.env, param.env, etc_environment: what boot scripts and the guest agent know of
 * the instance. One assignment a line, no quoting. lima-vm/lima: internals.md
 */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/sha256.h"
#include "providers/driver.h"
#include "resources/cidata_files.h"
#include "resources/interface.h"
#include "resources/machine.h"

/* The value as one line. That a text of lima.yaml is one is checked when it is read (KEY_LINES), and env before a start. */
static void
put_value(struct buf *b, const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value >= ' ' ? *value != 0x7f : *value == '\t')
			buf_addc(b, *value);
	buf_addc(b, '\n');
}

static void
cidata_env_put(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, "LIMA_CIDATA_%s=", name);
	put_value(b, value);
}

/* LIMA_CIDATA_<list>_<i>_<name> */
static void
put_item(struct buf *b, const char *list, const char *i, const char *name, const char *value)
{
	buf_addf(b, "LIMA_CIDATA_%s_%s_%s=", list, i, name);
	put_value(b, value);
}

static const char *
cidata_env_one(bool yes)
{
	return yes ? "1" : "";
}

static const char *
cidata_env_truth(bool yes)
{
	return yes ? "true" : "false";
}

static void
cidata_env_put_user(struct buf *b, const struct spec *spec)
{
	cidata_env_put(b, "USER", spec->user.name);
	buf_addf(b, "LIMA_CIDATA_UID=%u\n", spec->user.uid);
	cidata_env_put(b, "COMMENT", spec->user.comment);
	cidata_env_put(b, "HOME", spec->user.home);
	cidata_env_put(b, "SHELL", spec->user.shell);
}

static void
cidata_env_put_mounts(struct buf *b, const struct spec *spec)
{
	const char *home = getenv("HOME"), *point = "";

	for (size_t i = 0; home && i < spec->nmounts; i++)
		if (!strcmp(spec->mounts[i].location, home))
			point = spec->mounts[i].mount_point;
	cidata_env_put(b, "HOSTHOME_MOUNTPOINT", point);
	buf_addf(b, "LIMA_CIDATA_MOUNTS=%zu\n", spec->nmounts);
	for (size_t i = 0; i < spec->nmounts; i++) {
		auto_free char *name = xasprintf("MOUNTS_%zu_MOUNTPOINT", i);

		cidata_env_put(b, name, spec->mounts[i].mount_point);
	}
	cidata_env_put(b, "MOUNTTYPE", spec->mount_type);
}

/* What the guest knows a disk by, whatever letter it gets: its name, as a UUID of version 8 (RFC 9562). */
static const char *
disk_uuid(struct arena *a, const char *name)
{
	AUTO(buf) b = BUF_INIT;
	char hex[65];

	buf_addf(&b, "lima data disk %s", name);
	sha256_hex(b.s, b.len, hex);
	return arena_printf(a, "%.8s-%.4s-8%.3s-a%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17, hex + 20);
}

void
cidata_disk_each(const struct spec_disk *d, const char *device, struct arena *a, void (*each)(void *ctx, const char *name, const char *value), void *ctx)
{
	AUTO(buf) args = BUF_INIT;

	for (size_t j = 0; j < d->nfs_args; j++)
		buf_addf(&args, "%s%s", j ? " " : "", d->fs_args[j]);
	each(ctx, "NAME", d->name);
	each(ctx, "DEVICE", device);
	each(ctx, "UUID", disk_uuid(a, d->name));
	each(ctx, "FORMAT", cidata_env_truth(d->format));
	each(ctx, "FSTYPE", d->fs_type);
	each(ctx, "FSARGS", args.s);
}

struct disk_put {
	struct buf *b;
	const char *n;
};

static void
put_disk(void *ctx, const char *name, const char *value)
{
	const struct disk_put *p = ctx;

	put_item(p->b, "DISK", p->n, name, value);
}

static void
put_disks(struct buf *b, struct arena *a, const struct spec *spec)
{
	buf_addf(b, "LIMA_CIDATA_DISKS=%zu\n", spec->ndisks);
	for (size_t i = 0; i < spec->ndisks; i++)
		cidata_disk_each(&spec->disks[i], arena_printf(a, "vd%c", (char)('b' + i)), a, put_disk,
				 &(struct disk_put){ b, arena_printf(a, "%zu", i) });
}

static void
put_files(struct buf *b, struct arena *a, const struct spec *spec)
{
	for (size_t i = 0; i < spec->nprovision; i++) {
		const struct spec_provision *p = &spec->provision[i];
		bool data = p->mode == PROVISION_DATA;
		const char *list = data ? "DATAFILE" : "YQ_PROVISION", *n = arena_printf(a, "%08zu", i);

		if (!data && p->mode != PROVISION_YQ)
			continue;
		put_item(b, list, n, data ? "OVERWRITE" : "FORMAT", data ? cidata_env_truth(p->overwrite) : p->format);
		put_item(b, list, n, "OWNER", p->owner);
		put_item(b, list, n, "PATH", p->path);
		put_item(b, list, n, "PERMISSIONS", p->permissions);
	}
}

static void
put_switches(struct buf *b, const struct spec *spec)
{
	bool skip = false;

	for (size_t i = 0; i < spec->nprovision; i++)
		skip |= spec->provision[i].skip_default_dependency_resolution;
	cidata_env_put(b, "GUEST_INSTALL_PREFIX", spec->guest_install_prefix);
	cidata_env_put(b, "UPGRADE_PACKAGES", cidata_env_one(spec->upgrade_packages));
	cidata_env_put(b, "CONTAINERD_USER", cidata_env_one(spec->containerd.user));
	cidata_env_put(b, "CONTAINERD_SYSTEM", cidata_env_one(spec->containerd.system));
	if (spec->containerd.user || spec->containerd.system)
		cidata_env_put(b, "CONTAINERD_ARCHIVE", "nerdctl-full.tgz");
	cidata_env_put(b, "SKIP_DEFAULT_DEPENDENCY_RESOLUTION", cidata_env_one(skip));
	cidata_env_put(b, "ROSETTA_ENABLED", "false");
	cidata_env_put(b, "ROSETTA_BINFMT", "false");
	cidata_env_put(b, "VMTYPE", spec->vm_type);
	cidata_env_put(b, "VSOCK_PORT", "0");
	cidata_env_put(b, "VIRTIO_PORT", machine_has_agent(spec) ? driver_find(spec->vm_type)->agent_port : "");
	cidata_env_put(b, "PLAIN", cidata_env_one(spec->plain));
	cidata_env_put(b, "NO_CLOUD_INIT", "");
	cidata_env_put(b, "PASSWORDLESS_SUDO", cidata_env_one(spec->user.passwordless_sudo));
	cidata_env_put(b, "TIMEZONE", spec->timezone);
}

const char *
cidata_lima_env(struct arena *a, const struct spec *spec, const char *iid, bool debug, int dns_port)
{
	const struct spec_network *first = interface_first(spec);
	/* On a user-v2 network the host is the name server, too, so no query has to be redirected. */
	const struct driver_net ours = { .guest = "", .host = first ? first->host : "", .dns = first ? first->host : "" };
	const struct driver_net *net = first ? &ours : machine_net(spec);
	AUTO(buf) b = BUF_INIT;

	cidata_env_put(&b, "DEBUG", cidata_env_truth(debug));
	cidata_env_put(&b, "IID", iid);
	cidata_env_put(&b, "NAME", spec->name);
	cidata_env_put_user(&b, spec);
	cidata_env_put_mounts(&b, spec);
	put_disks(&b, a, spec);
	put_files(&b, a, spec);
	cidata_env_put(&b, "SLIRP_GATEWAY", net->host);
	cidata_env_put(&b, "SLIRP_DNS", net->dns);
	cidata_env_put(&b, "SLIRP_IP_ADDRESS", net->guest);
	dns_port = first ? 0 : dns_port;
	buf_addf(&b, "LIMA_CIDATA_UDP_DNS_LOCAL_PORT=%d\nLIMA_CIDATA_TCP_DNS_LOCAL_PORT=%d\n", dns_port, dns_port);
	put_switches(&b, spec);
	return arena_strdup(a, b.s);
}

const char *
cidata_param_env(struct arena *a, const struct spec *spec)
{
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < spec->nparam; i++) {
		buf_addf(&b, "PARAM_%s=", spec->param[i].key);
		put_value(&b, spec->param[i].value);
	}
	return arena_strdup(a, b.s);
}

static bool
is_proxy(const char *name)
{
	static const char *const names[] = { "ftp_proxy", "http_proxy", "https_proxy", "no_proxy" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

const char *
cidata_etc_environment(struct arena *a, const struct spec *spec, enum cidata_env which)
{
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, "#LIMA-START\n");
	for (size_t i = 0; i < spec->nenv; i++) {
		bool ambient = spec->propagate_proxy_env && is_proxy(spec->env[i].key);

		if (!(which & (ambient ? CIDATA_ENV_AMBIENT : CIDATA_ENV_OURS)))
			continue;
		buf_addf(&b, "%s=", spec->env[i].key);
		put_value(&b, spec->env[i].value);
	}
	buf_adds(&b, "#LIMA-END\n");
	return arena_strdup(a, b.s);
}
