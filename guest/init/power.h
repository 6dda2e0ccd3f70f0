/*
 * guest/init/power.h - how the guest goes down.
 */
#pragma once

/* The signals that process 1 is told by, and the power button, are caught from here on. */
void power_watch(void);
/*
 * Process 1's life: reaps what has died until somebody wants the guest down, then ends
 * everything, makes the disks clean and turns off or starts again. Does not return.
 */
_Noreturn void power_wait(void);
/* poweroff, reboot, halt, shutdown [-r] ...: this program under those names tells process 1. */
int power_command(const char *name, int argc, char **argv);
