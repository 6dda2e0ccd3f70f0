/*
 * hostagent/machine/runtime.h - a driver's half in the host agent: what the loop asks of the machine that runs.
 *
 * The other half is providers/driver.h. machine.c starts and watches the process, and climbs the ladder of stopping; the
 * runtime says how one talks to it. Every question is answered once, from the loop, never from inside of the call.
 */
#pragma once
#include <stdbool.h>
#include "hostagent/forward/transport.h"

struct agent;
struct error;
struct process;

/* `e` NULL: yes, it has heard it. */
typedef void runtime_done(struct agent *a, const struct error *e);
/* 1 yes, 0 no, -1 nobody can tell. */
typedef void runtime_told(struct agent *a, int answer);
/* Why the machine, which is there, does not run its guest; NULL: it does, or nobody can tell. */
typedef void runtime_standstill(struct agent *a, const char *why);

struct runtime {
	const char *driver;			/* launch.machine.driver */
	const char *title;			/* in messages */
	const char *log;			/* DIR/log: what the process itself says */
	const char *const *console_logs;	/* what the guest says, in the order worth showing; NULL-terminated */

	bool (*find)(const char *dir, struct process *out);	/* one that runs already, held */
	/* Of a machine that is gone: its pid file and sockets; before a start its logs too. */
	int (*sweep)(struct agent *a, struct error *err);

	void (*ask_if_up)(struct agent *a, runtime_done *done);
	void (*press_button)(struct agent *a, runtime_done *done);
	void (*quit)(struct agent *a, runtime_done *done);

	/* It is up; it is going, or gone. Optional. */
	void (*started)(struct agent *a);
	void (*ended)(struct agent *a);

	/* Has the guest a network interface that it uses? Has it taken the connection that was made to its SSH port? Optional: nobody can tell. */
	void (*ask_network)(struct agent *a, runtime_told *done);
	void (*ask_connection)(struct agent *a, runtime_told *done);

	/* Has it stopped its guest? Lets it go on. Optional, both or none. */
	void (*ask_standstill)(struct agent *a, runtime_standstill *done);
	void (*resume)(struct agent *a, runtime_done *done);

	/*
	 * For one whose guest has no ssh: says when it is ready, or why it will never be, and how a connection gets to a
	 * port of it. NULL: by ssh (ready/readiness.c, forward/mux.c), and by what the guest offers.
	 */
	void (*await_guest)(struct agent *a, runtime_done *done);
	transport_new *transport;
};

/* That of a launch file; NULL: none of that name here. */
const struct runtime *runtime_find(const char *driver);
