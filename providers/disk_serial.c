#include <string.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "providers/driver.h"

/* As long as the number of any kind of disk may be. */
const char *
driver_disk_serial(const char *name, struct arena *a)
{
	char hex[65];

	sha256_hex(name, strlen(name), hex);
	return arena_printf(a, "lima-%.15s", hex);
}
