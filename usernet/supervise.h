/* usernet/supervise.h - the switch is started again when something kills it. */
#pragma once

/*
 * Forks; returns in the child alone, which is to be the switch. The parent waits for it: one that a signal ended (the memory killer, kill -9,
 * a fault of ours) has another in its place at once, and later each time it happens again within a minute; one that ended by itself, or was
 * told to by SIGTERM, takes the parent along.
 */
void supervise(void);
