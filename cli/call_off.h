/* cli/call_off.h - a start that another limactl works on, ended for a command that wants the instance down. */
#pragma once

struct cli;
struct error;

#define LOCK_STARTS "starts"	/* what is noted in the lock of an instance that is being started, alone */

/*
 * Ends a start of `name` that is under way, as Ctrl-C there would, and waits until the instance is let go. With --force a start that
 * does not end within seconds is killed, which costs nothing but its report. 1: there was one; 0: there was none.
 */
int call_off_start(struct cli *c, const char *name, struct error *err);
