#include "resources/instance_files.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/memory_file.h"
#include "providers/ssh/host_key.h"
#include "resources/autostart.h"
#include "resources/engine_note.h"
#include "resources/firmware.h"
#include "resources/generation.h"
#include "resources/instance_paths.h"
#include "resources/made_from.h"
#include "resources/set_by.h"
#include "resources/warm.h"
#include "resources/provision_list.h"

const struct instance_file instance_files[] = {
	{"lima.yaml", "dir", FILE_COPIED, FILE_REWRITTEN},
	{"lima-version", "dir", FILE_COPIED, FILE_BY_TMP},
	{"applied.json", "dir", FILE_COPIED, FILE_BY_TMP},
	{MADE_FROM_FILE, "dir", FILE_MOVED, FILE_BY_TMP},
	{SET_BY_FILE, "dir", FILE_COPIED, FILE_BY_TMP},
	{"protected", "dir", FILE_MOVED, FILE_BY_TMP},
	{SPEC_FLEET_FILE, "dir", FILE_LEFT, FILE_BY_TMP}, /* under another name it is nobody's */
	{ENGINE_NOTE_FILE, "dir", FILE_LEFT, FILE_BY_TMP}, /* the same */
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
	{PROVISION_BOOTED, "cidata", FILE_LEFT, FILE_BY_TMP},
	{"lima-guestagent.tmp", "cidata", FILE_LEFT, FILE_HALF},
	{"ansible-inventory.yaml", "playbook", FILE_COPIED, FILE_BY_TMP},
	{"ha.pid", "vm", FILE_LEFT},
	{"ha.sock", "vm", FILE_LEFT},
	{"ssh.sock", "vm", FILE_LEFT},
	{"launch.json", "vm", FILE_LEFT, FILE_BY_TMP},
	{"launch.facts", "vm", FILE_LEFT, FILE_BY_TMP},
	{"external.json", "vm", FILE_LEFT, FILE_BY_TMP},
	{MEMORY_FILE, "vm", FILE_MOVED, FILE_BY_TMP},
	{WARM_MEMORY, "disk", FILE_LEFT},
	{WARM_FILE, "disk", FILE_LEFT, FILE_BY_TMP},
	{"park.sock", "vm", FILE_LEFT},
	{"machine.type", "dir", FILE_COPIED, FILE_BY_TMP},
	{GENERATIONS, "", FILE_MOVED}, /* what was before is the other one's */
	{"vncdisplay", "vm"},
	{"vncpassword", "vm"},
	{PROVISION_FOLDER, "", FILE_LEFT}, /* of runs of a machine of that name */
	{PROBE_FOLDER, "", FILE_LEFT},
	{PLAYBOOK_FOLDER, "", FILE_LEFT},
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

static bool
file_ends(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len >= n && !strcmp(name + len - n, end);
}

/* Of those that come and go with the machine; its memory is none, which may be a link to where there is more room. */
static bool
file_is_of_a_run(const char *name)
{
	if (file_ends(name, ".pid") || file_ends(name, ".sock") || file_ends(name, ".log") || !strcmp(name, WARM_FILE))
		return true;
	for (const struct instance_file *f = instance_files; f->name; f++)
		if (!strcmp(name, f->name))
			return !strcmp(f->type, "vm") && f->copy == FILE_LEFT;
	return false;
}

int
instance_files_make_way(const char *dir, struct error *err)
{
	auto_dir DIR *d = opendir(dir);

	if (!d)
		return error_errno(err, "open %s", dir);
	for (struct dirent *e; (e = readdir(d));) {
		auto_free char *path = xasprintf("%s/%s", dir, e->d_name);
		struct stat st;

		if (!file_is_of_a_run(e->d_name) || lstat(path, &st) < 0 || (S_ISSOCK(st.st_mode) && file_ends(e->d_name, ".sock")))
			continue;
		if (fs_make_room(path, err) < 0)
			return -1;
	}
	return 0;
}

int
instance_file_copy(const char *name)
{
	static const char *const ends[] = {".pid", ".sock", ".tmp", ".log"};

	for (const struct instance_file *f = instance_files; f->name; f++)
		if (!strcmp(name, f->name))
			return f->copy;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (file_ends(name, ends[i]))
			return FILE_LEFT;
	return FILE_COPIED;
}
