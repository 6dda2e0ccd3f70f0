#include "usernet/walls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/privilege.h"
#include "base/syscalls.h"
#include "usernet/os/calls.h"

/* 1: done; 0: not on this kernel; -1 */
static int
switch_confine_files(const char *dir)
{
	auto_free char *ports = xasprintf("%s/ports", dir);
	AUTO(paths) p = PATHS_INIT;

	if (!paths_begin(&p))
		return 0;
	paths_allow(&p, "/etc", PATHS_READ);
	paths_allow_resolver(&p);
	paths_allow(&p, dir, PATHS_READ);
	paths_allow(&p, ports, PATHS_READ | PATHS_MAKE);
	return paths_enforce(&p) < 0 ? -1 : 1;
}

int
walls_raise_switch(const char *dir, struct error *err)
{
	bool filters = syscalls_possible();
	int files;

	if (privilege_keep(0) < 0)
		return error_errno(err, "give up privileges");
	files = switch_confine_files(dir);
	if (files < 0 || (filters && syscalls_keep(calls_of_switch.v, calls_of_switch.n, ENOSYS) < 0))
		return error_errno(err, "confine the switch");
	if (!files || !filters)
		fprintf(stderr, "this kernel has no %s%s%s: the switch is less confined than elsewhere\n",
			files ? "" : "Landlock", files || filters ? "" : " and no ", filters ? "" : "seccomp");
	return 0;
}
