/*
 * providers/stop_ladder.h - how a machine is stopped: what is tried, how long, and what then.
 *
 * The power button, pressed again and again for as long as the guest may take (one that boots may not listen to it
 * yet); then the hypervisor is told to quit; then it is killed. Pure: a clock goes in, the next rung comes out. limactl
 * climbs it by waiting (driver_stop(), providers/driver.h) and the host agent by timers (hostagent/machine/machine.c).
 */
#pragma once

enum stop_rung {
	STOP_BUTTON,		/* ask the guest */
	STOP_QUIT,		/* ask the hypervisor, which still writes what it holds */
	STOP_KILL,		/* SIGKILL */
	STOP_LOST,		/* nothing more can be done */
};

struct stop_ladder {
	long long button_until_ms;	/* in the caller's clock */
	enum stop_rung rung;
};

/* `grace_ms`: how long the guest may take; 0: it is not asked. */
struct stop_ladder stop_ladder(long long now_ms, long long grace_ms);
/* The rung to climb now, and how long to wait for the machine's end before the next one. */
enum stop_rung stop_ladder_next(struct stop_ladder *l, long long now_ms, int *wait_ms);
/* The guest cannot be asked: the next rung is another one. */
void stop_ladder_skip_button(struct stop_ladder *l);
