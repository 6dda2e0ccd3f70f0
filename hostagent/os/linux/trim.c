/*
 * hostagent/os/linux/trim.c - give back what booting and logging in needed and waiting does not.
 *
 * The pages of code that the key exchange touched (3 MiB of libcrypto) stay
 * mapped for days otherwise. Code is never written, so dropping its pages
 * loses nothing: what is used again comes back from the page cache.
 */
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostagent/agent.h"

static int
drop_code(struct dl_phdr_info *info, size_t size, void *ctx)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)ctx;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t begin = (info->dlpi_addr + p->p_vaddr) & ~(page - 1);
		uintptr_t end = info->dlpi_addr + p->p_vaddr + p->p_memsz;

		if (p->p_type == PT_LOAD && (p->p_flags & (PF_X | PF_W)) == PF_X)
			madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 0;
}

void
trim_memory(void)
{
	malloc_trim(0);
	dl_iterate_phdr(drop_code, NULL);
}
