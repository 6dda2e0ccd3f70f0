/*
 * base/park.h - what limactl and a guest say to each other when the guest waits in the middle of its boot, to be saved.
 *
 * On a port of its own, in lines. The guest says PARK_PARKED, again and again, from when it knows nothing yet that is one guest's
 * alone; it does so only if somebody listens, and once it has said it, waits as long as it takes. What it is to become then comes as
 * PARK_RENEW, lines "NAME VALUE" in any order and an empty line, and it says PARK_RENEWED when it is that. Of what begins twice, since
 * who said it was killed, the last counts.
 *
 *	random HEX	PARK_RANDOM bytes of the host's, for the kernel's generator, before anything else
 *	time S.N	Unix time, N of nine digits
 *	mac MAC		of the first interface
 */
#pragma once

#define PARK_PORT "lima.park.0"
#define PARK_PARKED "parked 1\n"
#define PARK_RENEW "renew 1\n"
#define PARK_RENEWED "renewed 1\n"
/* In the instance's folder from before its machine is started until its guest is what it is to be: as long as it may stand still to be saved. */
#define PARK_NOTE "warm"

enum { PARK_RANDOM = 32, PARK_MAX = 4096 };
