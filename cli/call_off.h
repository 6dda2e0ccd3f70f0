/*
 * cli/call_off.h - a start that another limactl works on, ended for a command that wants the instance down.
 *
 * Who starts notes in the instance's lock that it does, and under which number that can be called off. Whoever wants
 * the instance down sends the number, and waits until the lock is let go; what else the other one does goes on.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct cli;
struct error;

/*
 * Ends a start of `name` that is under way, and waits until the instance is let go. With --force a start that does
 * not end within seconds is killed if it is all that its limactl does, which costs nothing but its report. 1: there was one; 0: there
 * was none.
 */
int call_off_start(struct cli *c, const char *name, struct error *err);

/* Of who starts: n things that can be called off, each by its number from *first on, until the next call. */
void call_off_offer(size_t n, int *first);
/* The instance of the lock `fd` is being started, with others or `alone`; its number. */
void call_off_note(int fd, int number, bool alone);
/* Where the caller's pid appears; and the count of calls so far. */
const volatile int *call_off_caller(int number);
const volatile int *call_off_calls(void);
