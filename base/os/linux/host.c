#include "base/os/host.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"

enum { MAX_MEMINFO = 64 << 10, MAX_NOTE = 4096 };

int
os_host_processors(void)
{
	cpu_set_t set;
	long n;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		return CPU_COUNT(&set);
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (int)n : 1;
}

uint64_t
os_host_memory(bool available)
{
	const char *key = available ? "MemAvailable" : "MemTotal";
	AUTO(buf) text = BUF_INIT;
	const char *line;
	uint64_t kib = 0;

	if (fs_read_if("/proc/meminfo", &text, MAX_MEMINFO, NULL) != 1)
		return 0;
	line = strstr(text.s, key);
	if (line)
		sscanf(line + strlen(key), ": %" SCNu64, &kib);
	return kib << 10;
}

bool
os_host_boot(struct buf *out)
{
	return fs_read_if("/proc/sys/kernel/random/boot_id", out, MAX_NOTE, NULL) == 1;
}

const char *
os_host_own_path(void)
{
	return "/proc/self/exe";
}

const char os_host_caches[] = ".cache";
