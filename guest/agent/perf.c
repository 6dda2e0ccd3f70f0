#include "guest/agent/perf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

/* The kernel's trace file system where somebody mounted it, otherwise a mount that only we have. */
static int
trace_folder(void)
{
	static const char *const usual[] = { "/sys/kernel/tracing/events", "/sys/kernel/debug/tracing/events" };
	auto_close int fs = -1, mount = -1;

	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		int fd = open(usual[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			return fd;
	}
	fs = (int)syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC);
	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return mount < 0 ? -1 : openat(mount, "events", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The number in a small file; -1: none */
static long
read_number(int dir, const char *path)
{
	auto_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	char text[32] = "", *end;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	long v;

	if (n <= 0)
		return -1;
	v = strtol(text, &end, 10);
	return end == text ? -1 : v;
}

static int
perf_describe(const struct perf_event *e, struct perf_event_attr *a)
{
	auto_close int dir = -1;
	char path[128];
	long id;

	*a = (struct perf_event_attr){ .size = sizeof *a, .sample_period = 1, .wakeup_events = 1, .disabled = 1 };
	if (e->kind == PERF_KPROBE) {
		id = read_number(AT_FDCWD, "/sys/bus/event_source/devices/kprobe/type");
		a->type = (uint32_t)id;
		a->kprobe_func = (uint64_t)(uintptr_t)e->name;
	} else {
		dir = trace_folder();
		snprintf(path, sizeof path, "%s/id", e->name);
		id = dir < 0 ? -1 : read_number(dir, path);
		a->type = PERF_TYPE_TRACEPOINT;
		a->config = (uint64_t)id;
	}
	if (id < 0)
		errno = ENOENT;
	return id < 0 ? -1 : 0;
}

int
perf_open(const struct perf_event *e, int cpu, void **ring)
{
	struct perf_event_attr a;
	auto_close int fd = -1;

	if (perf_describe(e, &a) < 0)
		return -1;
	fd = (int)syscall(SYS_perf_event_open, &a, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 || (e->filter && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, e->filter) < 0))
		return -1;
	/* read-only: the kernel overwrites, so that the ring is never full and nobody need read it */
	*ring = mmap(NULL, 2 * (size_t)getpagesize(), PROT_READ, MAP_SHARED, fd, 0);
	if (*ring == MAP_FAILED)
		return -1;
	return steal_fd(fd);
}

void
perf_close(int fd, void *ring)
{
	munmap(ring, 2 * (size_t)getpagesize());
	close(fd);
}

void
perf_enable(int fd, bool on)
{
	ioctl(fd, on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}
