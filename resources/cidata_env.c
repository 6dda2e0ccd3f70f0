/* lima.env: what boot scripts and the guest agent know of the instance. One assignment a line, no quoting. */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "resources/cidata_files.h"

/* slirp's fixed addresses. lima-vm/lima: pkg/networks/const.go */
#define SLIRP_GATEWAY "192.168.5.2"
#define SLIRP_DNS "192.168.5.3"
#define SLIRP_IP "192.168.5.15"

static void
put(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, "LIMA_CIDATA_%s=", name);
	/* a line break would begin another variable */
	for (; *value; value++)
		if ((unsigned char)*value >= ' ' && *value != 0x7f)
			buf_addc(b, *value);
	buf_addc(b, '\n');
}

static const char *
one(bool yes)
{
	return yes ? "1" : "";
}

static const char *
truth(bool yes)
{
	return yes ? "true" : "false";
}

static void
put_user(struct buf *b, const struct spec *spec)
{
	put(b, "USER", spec->user.name);
	buf_addf(b, "LIMA_CIDATA_UID=%u\n", spec->user.uid);
	put(b, "COMMENT", spec->user.comment);
	put(b, "HOME", spec->user.home);
	put(b, "SHELL", spec->user.shell);
}

static void
put_mounts(struct buf *b, const struct spec *spec)
{
	const char *home = getenv("HOME"), *point = "";

	for (size_t i = 0; home && i < spec->nmounts; i++)
		if (!strcmp(spec->mounts[i].location, home))
			point = spec->mounts[i].mount_point;
	put(b, "HOSTHOME_MOUNTPOINT", point);
	buf_addf(b, "LIMA_CIDATA_MOUNTS=%zu\n", spec->nmounts);
	for (size_t i = 0; i < spec->nmounts; i++) {
		auto_free char *name = xasprintf("MOUNTS_%zu_MOUNTPOINT", i);

		put(b, name, spec->mounts[i].mount_point);
	}
	put(b, "MOUNTTYPE", spec->mount_type);
}

static void
put_disks(struct buf *b, const struct spec *spec)
{
	buf_addf(b, "LIMA_CIDATA_DISKS=%zu\n", spec->ndisks);
	for (size_t i = 0; i < spec->ndisks; i++) {
		const struct spec_disk *d = &spec->disks[i];

		buf_addf(b, "LIMA_CIDATA_DISK_%zu_NAME=%s\n", i, d->name);
		buf_addf(b, "LIMA_CIDATA_DISK_%zu_DEVICE=vd%c\n", i, (char)('b' + i));
		buf_addf(b, "LIMA_CIDATA_DISK_%zu_FORMAT=%s\n", i, truth(d->format));
		buf_addf(b, "LIMA_CIDATA_DISK_%zu_FSTYPE=%s\n", i, d->fs_type);
		buf_addf(b, "LIMA_CIDATA_DISK_%zu_FSARGS=", i);
		for (size_t j = 0; j < d->nfs_args; j++)
			buf_addf(b, "%s%s", j ? " " : "", d->fs_args[j]);
		buf_addc(b, '\n');
	}
}

static void
put_files(struct buf *b, const struct spec *spec)
{
	for (size_t i = 0; i < spec->nprovision; i++) {
		const struct spec_provision *p = &spec->provision[i];
		const char *kind = p->mode == PROVISION_DATA ? "DATAFILE" : "YQ_PROVISION";
		const char *first = p->mode == PROVISION_DATA ? "OVERWRITE" : "FORMAT";

		if (p->mode != PROVISION_DATA && p->mode != PROVISION_YQ)
			continue;
		buf_addf(b, "LIMA_CIDATA_%s_%08zu_%s=%s\n", kind, i, first,
			 p->mode == PROVISION_DATA ? truth(p->overwrite) : p->format);
		buf_addf(b, "LIMA_CIDATA_%s_%08zu_OWNER=%s\n", kind, i, p->owner);
		buf_addf(b, "LIMA_CIDATA_%s_%08zu_PATH=%s\n", kind, i, p->path);
		buf_addf(b, "LIMA_CIDATA_%s_%08zu_PERMISSIONS=%s\n", kind, i, p->permissions);
	}
}

static void
put_switches(struct buf *b, const struct spec *spec)
{
	bool skip = false;

	for (size_t i = 0; i < spec->nprovision; i++)
		skip |= spec->provision[i].skip_default_dependency_resolution;
	put(b, "GUEST_INSTALL_PREFIX", spec->guest_install_prefix);
	put(b, "UPGRADE_PACKAGES", one(spec->upgrade_packages));
	put(b, "CONTAINERD_USER", one(spec->containerd.user));
	put(b, "CONTAINERD_SYSTEM", one(spec->containerd.system));
	if (spec->containerd.user || spec->containerd.system)
		put(b, "CONTAINERD_ARCHIVE", "nerdctl-full.tgz");
	put(b, "SKIP_DEFAULT_DEPENDENCY_RESOLUTION", one(skip));
	put(b, "ROSETTA_ENABLED", "false");
	put(b, "ROSETTA_BINFMT", "false");
	put(b, "VMTYPE", spec->vm_type);
	put(b, "VSOCK_PORT", "0");
	put(b, "VIRTIO_PORT", "");
	put(b, "PLAIN", one(spec->plain));
	put(b, "NO_CLOUD_INIT", "");
	put(b, "PASSWORDLESS_SUDO", one(spec->user.passwordless_sudo));
}

const char *
cidata_lima_env(struct arena *a, const struct env *env, const struct spec *spec, const char *iid)
{
	AUTO(buf) b = BUF_INIT;

	put(&b, "DEBUG", truth(env->debug));
	put(&b, "IID", iid);
	put(&b, "NAME", spec->name);
	put_user(&b, spec);
	put_mounts(&b, spec);
	put_disks(&b, spec);
	put_files(&b, spec);
	put(&b, "SLIRP_GATEWAY", SLIRP_GATEWAY);
	put(&b, "SLIRP_DNS", SLIRP_DNS);
	put(&b, "SLIRP_IP_ADDRESS", SLIRP_IP);
	put(&b, "UDP_DNS_LOCAL_PORT", "0");
	put(&b, "TCP_DNS_LOCAL_PORT", "0");
	put_switches(&b, spec);
	return arena_strdup(a, b.s);
}
