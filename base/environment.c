#include "base/environment.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"

static const char *const kept[] = {
	"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_DATA_DIRS",
	"DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "PULSE_SERVER", "PULSE_COOKIE", "LD_LIBRARY_PATH", "QEMU_MODULE_DIR", "RES_OPTIONS",
	"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
};

static bool
variable_is_kept(const char *variable)
{
	size_t n = strcspn(variable, "=");

	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (strlen(kept[i]) == n && memcmp(kept[i], variable, n) == 0)
			return true;
	return false;
}

bool
environment_is_kept(void)
{
	for (char **e = environ; e && *e; e++)
		if (!variable_is_kept(*e))
			return false;
	return true;
}

char **
environment_kept(void)
{
	size_t n = 0;
	char **v;

	while (environ && environ[n])
		n++;
	v = xcalloc(n + 1, sizeof *v);
	n = 0;
	for (char **e = environ; e && *e; e++)
		if (variable_is_kept(*e))
			v[n++] = *e;
	return v;
}
