#include "base/os/host.h"

#include <mach-o/dyld.h>
#include <mach/mach.h>
#include <sys/sysctl.h>
#include <unistd.h>

#include "base/buf.h"

int
os_host_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (int)n : 1;
}

uint64_t
os_host_memory(bool available)
{
	vm_statistics64_data_t now;
	mach_msg_type_number_t n = HOST_VM_INFO64_COUNT;
	uint64_t all = 0;
	size_t size = sizeof all;

	if (!available)
		return sysctlbyname("hw.memsize", &all, &size, NULL, 0) < 0 ? 0 : all;
	if (host_statistics64(mach_host_self(), HOST_VM_INFO64, (host_info64_t)&now, &n) != KERN_SUCCESS)
		return 0;
	return ((uint64_t)now.free_count + now.inactive_count + now.purgeable_count) * (uint64_t)getpagesize();
}

bool
os_host_boot(struct buf *out)
{
	char id[64];
	size_t n = sizeof id;

	if (sysctlbyname("kern.bootsessionuuid", id, &n, NULL, 0) < 0)
		return false;
	buf_adds(out, id);
	return true;
}

/* The first image that is loaded is the program. */
const char *
os_host_own_path(void)
{
	return _dyld_get_image_name(0);
}

const char os_host_caches[] = "Library/Caches";
