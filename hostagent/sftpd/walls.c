#include "hostagent/sftpd/walls.h"

#include <errno.h>

#include "base/auto.h"
#include "base/privilege.h"
#include "base/syscalls.h"
#include "hostagent/mount/confine.h"
#include "hostagent/os/calls.h"

int
walls_raise(const char *folder, bool writable)
{
	const struct call_list *more = &calls_of_writing_server;
	int calls[256];
	size_t n = calls_of_server.n;

	if (n + more->n > ARRAY_LEN(calls)) {
		errno = E2BIG;
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		calls[i] = calls_of_server.v[i];
	for (size_t i = 0; writable && i < more->n; i++)
		calls[n++] = more->v[i];
	if (privilege_keep(0) < 0)
		return -1;
	if (folder)
		confine_to(folder, writable);
	return syscalls_possible() ? syscalls_keep(calls, n, ENOSYS) : 0;
}
