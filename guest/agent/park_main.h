/* guest/agent/park_main.h - `lima-guestagent park`, by which the boot scripts wait where a machine is saved (base/park.h). */
#pragma once

struct error;

enum {
	PARK_NOBODY = 3,	/* exit status: nobody listens, or there is no such port: it boots on */
};

/*
 * `park --probe`: would it wait? `park COMMAND [ARGUMENT...]`: waits until it is told what it is to become; the command, run when the kernel
 * is that already, does the rest. Exit status; -1.
 */
int park_main(char **argv, struct error *err);
