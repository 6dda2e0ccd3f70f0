#include "resources/host_check.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/proc.h"
#include "base/programs.h"
#include "hostagent/protocol/sshfs.h"
#include "providers/disk/image.h"
#include "providers/driver.h"
#include "providers/machine.h"
#include "reconciler/env.h"
#include "resources/cidata_files.h"
#include "resources/firmware.h"
#include "resources/machine.h"

int
host_check(const struct spec *spec, struct error *err)
{
	const struct driver *d = driver_find(spec->vm_type);
	struct machine m = { .name = spec->name, .dir = spec->dir, .arch = spec->arch, .os = spec->os, .type = spec->vm_type,
			     .minimum_version = spec->minimum_version, .cpu = spec->cpu_type, .legacy_bios = spec->firmware.legacy_bios, .tpm = spec->tpm,
			     .share_type = machine_share_type(spec), .nshares = spec->nmounts };

	/* Only whether these exist matters to the check. */
	m.firmware = firmware_listed(spec) ? FIRMWARE_FILE : NULL;
	m.kernel = spec->nimages && spec->images[0].has_kernel ? "kernel" : NULL;
	return d && d->check_host ? d->check_host(&m, err) : 0;
}

/* Folders that OpenSSH's own server is to serve. */
static int
host_check_mounts(const struct spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->nmounts && !strcmp(spec->mount_type, "reverse-sshfs"); i++) {
		bool needed = !strcmp(spec->mounts[i].sshfs.sftp_driver, "openssh-sftp-server");
		auto_free char *server = needed ? sshfs_server(err) : NULL;

		if (needed && !server)
			return -1;
	}
	return 0;
}

int
host_check_programs(const struct spec *spec, struct error *err)
{
	const char *const all[] = { "ssh", image_program() };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		auto_free char *path = proc_find(all[i]);

		if (!path)
			return program_missing(all[i], err);
	}
	return host_check_mounts(spec, err);
}

int
host_check_agent(const struct env *env, const struct spec *spec, struct error *err)
{
	AUTO(arena) a = { 0 };
	bool gz;

	if (!machine_has_agent(spec) || cidata_guest_agent(&a, env, spec, &gz))
		return 0;
	return error_set(err, ERR_UNSUPPORTED, "arch: there is no guest agent for %s in %s, and without it the guest would never get ready; "
			 "set `plain: true`, or put lima-guestagent.%s-%s there (package lima-guestagents, or `make agents`)", spec->arch, env->share, spec->os, spec->arch);
}

int
host_check_version(const struct spec *spec, struct error *err)
{
	struct error why = { 0 };

	if (!*spec->minimum_version || host_check(spec, &why) == 0 || why.code == ENOENT)
		return 0;
	if (err)
		*err = why;
	return -1;
}
