/*
 * The other half of the program: libexec/lima/lazy.so, which brings libcurl, libssh2,
 * libarchive, libisofs, libcrypto and libjq. Loading it takes longer than many commands do
 * in whole, so it is loaded by those that call into it.
 */
#include <dlfcn.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/cli.h"

int
cli_lazy(struct cli *c, struct error *err)
{
#ifndef LAZY_LINKED
	auto_free char *path = NULL;

	if (c->lazy)
		return 0;
	path = xasprintf("%s/lazy.so", c->env.libexec);
	if (!dlopen(path, RTLD_NOW | RTLD_GLOBAL))
		return error_set(err, ERR_UNSUPPORTED, "%s (is limactl installed whole?)", dlerror());
#else
	(void)err;
#endif
	c->lazy = true;
	return 0;
}
