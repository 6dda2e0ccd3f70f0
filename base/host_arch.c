#include "base/host_arch.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/auto.h"

const char *
host_arch(void)
{
	static const struct {
		const char *machine, *arch;
	} names[] = {
		{ "amd64", "x86_64" }, { "arm64", "aarch64" }, { "armv8l", "armv7l" }, { "armv6l", "armv7l" }, { "x86_64", "x86_64" },
		{ "aarch64", "aarch64" }, { "armv7l", "armv7l" }, { "ppc64le", "ppc64le" }, { "riscv64", "riscv64" },
		{ "s390x", "s390x" },
	};
	struct utsname u;

	if (uname(&u) == 0)
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			if (strcmp(u.machine, names[i].machine) == 0)
				return names[i].arch;
	return "unknown";
}
