#include "base/environment.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "base/os/host.h"

static const char *const kept[] = {
	"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_DATA_DIRS",
	"DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "PULSE_SERVER", "PULSE_COOKIE", "LD_LIBRARY_PATH", "QEMU_MODULE_DIR", "RES_OPTIONS",
	"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
};

static bool
names_have(const char *const *names, size_t n, const char *variable)
{
	size_t len = strcspn(variable, "=");

	for (size_t i = 0; i < n && names[i]; i++)
		if (strlen(names[i]) == len && memcmp(names[i], variable, len) == 0)
			return true;
	return false;
}

static bool
variable_is_kept(const char *variable, const char *const *more)
{
	return names_have(kept, ARRAY_LEN(kept), variable) || (more && names_have(more, SIZE_MAX, variable));
}

bool
environment_is_kept(const char *const *more)
{
	for (char **e = environ; e && *e; e++)
		if (!variable_is_kept(*e, more))
			return false;
	return true;
}

char **
environment_kept(const char *const *more)
{
	size_t n = 0;
	char **v;

	while (environ && environ[n])
		n++;
	v = xcalloc(n + 1, sizeof *v);
	n = 0;
	for (char **e = environ; e && *e; e++)
		if (variable_is_kept(*e, more))
			v[n++] = *e;
	return v;
}

int
environment_leave(char **argv, const char *const *more)
{
	auto_free char **env = NULL;

	if (environment_is_kept(more))
		return 0;
	env = environment_kept(more);
	return execve(argv[0][0] == '/' ? argv[0] : os_host_own_path(), argv, env);
}
