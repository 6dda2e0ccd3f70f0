/*
 * guest/park/talk.h - the guest's side of waiting in the middle of its boot (base/park.h), for whatever guest.
 *
 * What the kernel knows of a guest is renewed here: its random numbers, its time, the address of its interface. What is in its files
 * is the business of who calls.
 */
#pragma once
#include <stdbool.h>

typedef void park_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Is it a machine whose guest may wait at all? Told without a driver. */
bool park_possible(void);
/* The port; its driver may need a little while yet. -1: there is none. */
int park_find(void);
bool park_host_listens(int fd);
/* Until it is told what it is to become, and has become that. */
void park_wait(int fd, park_say *say);
/* It is what it is to be. */
bool park_renewed(int fd);
