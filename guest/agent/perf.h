/* guest/agent/perf.h - events of the kernel by perf_event_open(2), as something to wait for. */
#pragma once
#include <stdbool.h>

enum perf_kind { PERF_TRACEPOINT, PERF_KPROBE };

struct perf_event {
	enum perf_kind kind;
	const char *name;	/* "GROUP/NAME" of a tracepoint, or a function of the kernel */
	const char *filter;	/* of a tracepoint's fields; or NULL */
};

/*
 * The event on one processor, off: a descriptor that is readable each time it
 * happened. -1 with errno: ENODEV is "no such processor".
 */
int perf_open(const struct perf_event *e, int cpu, void **ring);
void perf_close(int fd, void *ring);
void perf_enable(int fd, bool on);
