#include "base/auto.h"
#include "base/mem.h"
#include "providers/drivers/external/external.h"
#include "providers/pidfile.h"

bool
external_find_drive(const char *dir, bool search, struct process *out)
{
	auto_free char *pidfile = xasprintf("%s/" EXTERNAL_PID, dir), *control = xasprintf("%s/" EXTERNAL_SOCKET, dir);

	if (pidfile_hold(pidfile, out))
		return true;
	return search && pidfile_leaves_doubt(pidfile, control) && pidfile_search((const char *const[]){ "lima-drive", NULL }, "--pidfile", pidfile, out);
}
