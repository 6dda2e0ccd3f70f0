#include "hostagent/machine/runtime.h"

#include <string.h>

#include "base/auto.h"

extern const struct runtime runtime_qemu, runtime_external;
/* Of tests only: whatever is not linked with it does not know it. */
extern const struct runtime runtime_fake __attribute__((weak)), runtime_external_fake __attribute__((weak));

const struct runtime *
runtime_find(const char *driver)
{
	const struct runtime *const all[] = { &runtime_qemu, &runtime_fake, &runtime_external_fake, &runtime_external };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i] && strcmp(all[i]->driver, driver) == 0)
			return all[i];
	return NULL;
}
