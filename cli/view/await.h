/*
 * cli/view/await.h - until an instance is what somebody waits for.
 *
 * Nothing is asked again and again: the host agent answers when it is so, the end of a process wakes who holds it, and a
 * start by whoever it may be is seen in the instance's folder. For a process of its own: it may take for ever.
 */
#pragma once
#include <stdbool.h>

struct cli;
struct error;

struct await {
	enum await_for { AWAIT_READY, AWAIT_STOPPED, AWAIT_PROBE } is;
	const char *probe;	/* the description of one */
};

/* "ready", "stopped", "probe=DESCRIPTION"; the text lives as long as `out`. */
int await_parse(const char *text, struct await *out, struct error *err);
/*
 * 0: it is so. -1: it will not be, unless somebody does something: the guest is degraded, a probe has failed for good, the
 * machine went down while it booted, the instance was deleted. A stopped one may be started by somebody, so that is waited for.
 */
int await_instance(struct cli *c, const char *name, const struct await *w, struct error *err);
