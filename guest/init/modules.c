#include "guest/init/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "guest/init/log.h"

static void
modules_load_one(char *path)
{
	char *blank = strchr(path, ' ');
	const char *params = blank ? blank + 1 : "";
	auto_close int fd = -1;

	if (blank)
		*blank = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, params, 0) < 0 && errno != EEXIST))
		say_errno("module %s", path);
}

void
modules_load(const char *group)
{
	AUTO(buf) b = BUF_INIT;
	size_t n = strlen(group);
	struct error err;
	char *save = NULL;

	if (fs_read("/lib/modules/order", &b, 65536, &err) < 0) {
		init_say("%s", err.msg);
		return;
	}
	for (char *l = strtok_r(b.s, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (strncmp(l, group, n) == 0 && l[n] == ' ')
			modules_load_one(l + n + 1);
}
