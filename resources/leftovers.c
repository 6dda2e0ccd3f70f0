#include "resources/leftovers.h"

#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "resources/autostart.h"
#include "resources/firmware.h"

/* Those of limactl itself. The host agent writes files here, too, whenever it likes. */
static const char *const inside[] = {
	"lima.yaml", "lima-version", "applied.json", "protected", AUTOSTART_FILE, "disk", "disk.tmp.qcow2", "iso", "kernel", "kernel.cmdline",
	"initrd", "cidata.iso", "cloud-config.yaml", "lima-guestagent", FIRMWARE_FILE, "ssh.config", "lease.ssh", "lease.dns", "ansible-inventory.yaml",
	"launch.json", "launch.facts",
};
static const char *const beside[] = { "tmp", "deleted" };

static char *
inside_path(const struct env *env, const struct resource *r, size_t i)
{
	size_t len = strlen(inside[i]);
	bool whole = len > 6 && strcmp(inside[i] + len - 6, ".qcow2") == 0;

	return xasprintf("%s/%s/%s%s", env->home, r->owner, inside[i], whole ? "" : ".tmp");
}

static char *
beside_path(const struct env *env, const struct resource *r, size_t i)
{
	return xasprintf("%s/.%s.%s", env->home, r->owner, beside[i]);
}

bool
leftovers_beside(const struct env *env, const struct resource *r)
{
	for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
		auto_free char *path = beside_path(env, r, i);

		if (fs_exists(path))
			return true;
	}
	return false;
}

bool
leftovers_inside(const struct env *env, const struct resource *r)
{
	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		auto_free char *path = inside_path(env, r, i);

		if (fs_exists(path))
			return true;
	}
	return false;
}

int
leftovers_sweep(const struct env *env, const struct resource *r, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
		auto_free char *path = beside_path(env, r, i);

		if (fs_remove_tree(path, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		auto_free char *path = inside_path(env, r, i);

		if (fs_remove_tree(path, err) < 0)
			return -1;
	}
	return 0;
}
