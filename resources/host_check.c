#include "resources/host_check.h"

#include <errno.h>

#include "base/error.h"
#include "providers/driver.h"
#include "providers/machine.h"
#include "resources/firmware.h"

int
host_check(const struct spec *spec, struct error *err)
{
	const struct driver *d = driver_find(spec->vm_type);
	struct machine m = { .name = spec->name, .dir = spec->dir, .arch = spec->arch, .os = spec->os,
			     .minimum_version = spec->minimum_version, .legacy_bios = spec->firmware.legacy_bios };

	/* what these are is of no interest here */
	m.firmware = firmware_listed(spec) ? FIRMWARE_FILE : NULL;
	m.kernel = spec->nimages && spec->images[0].has_kernel ? "kernel" : NULL;
	return d && d->check_host ? d->check_host(&m, err) : 0;
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
