/*
 * base/os/clock.h - this machine's clock was set, or the machine has slept.
 *
 * Linux tells both by ending a timer that is to ring at an hour of the clock (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). macOS posts a
 * notification when the clock is set (notify(3), com.apple.system.clock_set); of a sleep nothing is known until somebody asks.
 */
#pragma once
#include <stdbool.h>

/* Can be read from when that has happened; -1 with errno. */
int os_clock_watch(void);
/* Has it? Takes that away. */
bool os_clock_changed(int fd);
/* For the next time. -1 with errno: there will be none. */
int os_clock_watch_again(int fd);
/* A timer that rings once: can be read from then. Linux: timerfd_create(2). macOS: EVFILT_TIMER of kqueue(2). -1 with errno. */
int os_timer_open(void);
/* In so many milliseconds; 0: not at all. */
void os_timer_set(int timer, long long ms);
/* Has it rung? Takes that away; to be asked once it can be read from. */
bool os_timer_rang(int timer);
/* How long the machine has slept since its boot. */
long long os_clock_slept_ms(void);
