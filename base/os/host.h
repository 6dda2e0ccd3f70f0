/* base/os/host.h - what this machine has. Linux: sched_getaffinity(2), /proc. macOS: sysconf(3), sysctl(3), mach's statistics. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct buf;

/* Processors that this process may use; 1 at least. */
int os_host_processors(void);
/* Bytes of memory: all, or what could be had without taking it from anybody; 0: not known. */
uint64_t os_host_memory(bool available);
/* By which a boot of the machine is told from every other; false: not known. */
bool os_host_boot(struct buf *out);
/* By this path the program that runs can be looked at and started. */
const char *os_host_own_path(void);
/* Below a user's home: where programs keep what they can get again. */
extern const char os_host_caches[];
