#include "resources/instance_files.h"

#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/memory_file.h"
#include "providers/ssh/host_key.h"
#include "resources/autostart.h"
#include "resources/firmware.h"
#include "resources/instance_paths.h"
#include "resources/made_from.h"
#include "resources/warm.h"

const struct instance_file instance_files[] = {
	{"lima.yaml", "dir", FILE_COPIED, FILE_REWRITTEN},
	{"lima-version", "dir", FILE_COPIED, FILE_BY_TMP},
	{"applied.json", "dir", FILE_COPIED, FILE_BY_TMP},
	{MADE_FROM_FILE, "dir", FILE_MOVED, FILE_BY_TMP},
	{"protected", "dir", FILE_MOVED, FILE_BY_TMP},
	{SPEC_FLEET_FILE, "dir", FILE_LEFT, FILE_BY_TMP}, /* under another name it is nobody's */
	{AUTOSTART_FILE, "autostart", FILE_MOVED, FILE_BY_TMP},
	{HOST_KEY_KNOWN, "hostkey", FILE_LEFT},
	{HOST_KEY_FILE, "hostkey", FILE_LEFT},
	{"lease.ssh", "lease", FILE_LEFT, FILE_BY_TMP},
	{"lease.dns", "lease", FILE_LEFT, FILE_BY_TMP},
	{"ssh.config", "sshconfig", FILE_LEFT, FILE_BY_TMP},
	{"disk", "disk", FILE_COPIED, FILE_BY_TMP},
	{"disk.tmp.qcow2", "disk", FILE_LEFT, FILE_HALF},
	{"disk.tmp.qcow2.tmp", "disk", FILE_LEFT, FILE_HALF},
	{"iso", "disk", FILE_COPIED, FILE_BY_TMP},
	{"diffdisk", "disk"},
	{"basedisk", "disk"},
	{"image", "disk"},
	/* A disk's format is removed after the disk that it describes. */
	{"disk.format", "disk", FILE_COPIED, FILE_BY_TMP},
	{"diffdisk.format", "disk", FILE_COPIED, FILE_BY_TMP},
	{"kernel.cmdline", "kernel", FILE_COPIED, FILE_BY_TMP},
	{"kernel", "kernel", FILE_COPIED, FILE_BY_TMP},
	{"initrd", "initrd", FILE_COPIED, FILE_BY_TMP},
	{FIRMWARE_FILE, "firmware", FILE_COPIED, FILE_BY_TMP},
	{"cidata.iso", "cidata", FILE_LEFT, FILE_BY_TMP},
	{"cloud-config.yaml", "cidata", FILE_LEFT, FILE_BY_TMP},
	{"lima-guestagent.tmp", "cidata", FILE_LEFT, FILE_HALF},
	{"ansible-inventory.yaml", "playbook", FILE_COPIED, FILE_BY_TMP},
	{"ha.pid", "vm", FILE_LEFT},
	{"ha.sock", "vm", FILE_LEFT},
	{"ssh.sock", "vm", FILE_LEFT},
	{"launch.json", "vm", FILE_LEFT, FILE_BY_TMP},
	{"launch.facts", "vm", FILE_LEFT, FILE_BY_TMP},
	{MEMORY_FILE, "vm", FILE_MOVED, FILE_BY_TMP},
	{WARM_MEMORY, "disk", FILE_LEFT},
	{WARM_FILE, "disk", FILE_LEFT, FILE_BY_TMP},
	{"park.sock", "vm", FILE_LEFT},
	{"machine.type", "dir", FILE_COPIED, FILE_BY_TMP},
	{"vncdisplay", "vm"},
	{"vncpassword", "vm"},
	{"swtpm", "", FILE_MOVED}, /* a TPM keeps its secrets */
	{"vz-identifier", "", FILE_LEFT},
	{"sock", "", FILE_LEFT},
	{0},
};

char *
instance_file_half(const struct env *env, const struct resource *r, const struct instance_file *f)
{
	auto_free char *path = instance_path(env, r, f->name);

	switch (f->half) {
	case FILE_BY_TMP: return fs_tmp(path);
	case FILE_REWRITTEN: return fs_rewrite_tmp(path);
	case FILE_HALF: return steal(path);
	default: return NULL;
	}
}

static int
file_drop(const struct env *env, const struct resource *r, const struct instance_file *f, struct error *err)
{
	auto_free char *half = instance_file_half(env, r, f), *path = instance_path(env, r, f->name);

	if (half && fs_drop(half, err) < 0)
		return -1;
	return fs_drop(path, err);
}

int
instance_files_remove(const struct env *env, const struct resource *r, struct error *err)
{
	for (const struct instance_file *f = instance_files; f->name; f++)
		if (!strcmp(f->type, r->type->name) && file_drop(env, r, f, err) < 0)
			return -1;
	return 0;
}

int
instance_file_copy(const char *name)
{
	static const char *const ends[] = {".pid", ".sock", ".tmp", ".log"};
	size_t len = strlen(name);

	for (const struct instance_file *f = instance_files; f->name; f++)
		if (!strcmp(name, f->name))
			return f->copy;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (len >= strlen(ends[i]) && !strcmp(name + len - strlen(ends[i]), ends[i]))
			return FILE_LEFT;
	return FILE_COPIED;
}
