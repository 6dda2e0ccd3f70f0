/*
 * The other half of the program: libexec/lima/lazy.so, which brings libcurl, libssh2,
 * libarchive, libisofs and libcrypto. Loading it takes longer than many commands do
 * in whole, so it is loaded by those that call into it. The calls are jumps through slots
 * (scripts/lazy-stubs), which are filled here and read-only afterwards.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/cli.h"

#ifndef LAZY_LINKED
/* Made by scripts/lazy-stubs: whole pages, and the names in the order of the slots, the last one empty. */
extern __attribute__((visibility("hidden"))) void *lazy_slots[], *lazy_slots_end[];
extern __attribute__((visibility("hidden"))) const char lazy_names[];
void lazy_absent(void);

/* What every slot leads to before the other half is there: a command forgot to ask for it. */
void
lazy_absent(void)
{
	fputs("limactl: a function of lazy.so is called before it was loaded (cli_lazy)\n", stderr);
	abort();
}

static int
lazy_fill(void *half, struct error *err)
{
	void **slot = lazy_slots;

	for (const char *name = lazy_names; *name; name += strlen(name) + 1)
		if (!(*slot++ = dlsym(half, name)))
			return error_set(err, ERR_UNSUPPORTED,
					 "%s: lazy.so is of another version (is limactl installed whole?)", name);
	return mprotect(lazy_slots, (uintptr_t)lazy_slots_end - (uintptr_t)lazy_slots, PROT_READ) < 0
		       ? error_errno(err, "mprotect")
		       : 0;
}
#endif

int
cli_lazy(struct cli *c, struct error *err)
{
#ifndef LAZY_LINKED
	auto_free char *path = NULL;
	void *half;

	if (c->lazy)
		return 0;
	path = xasprintf("%s/lazy.so", c->env.libexec);
	half = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!half)
		return error_set(err, ERR_UNSUPPORTED, "%s (is limactl installed whole?)", dlerror());
	if (lazy_fill(half, err) < 0)
		return -1;
#else
	(void)err;
#endif
	c->lazy = true;
	return 0;
}
