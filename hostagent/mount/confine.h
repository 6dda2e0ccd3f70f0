/*
 * hostagent/mount/confine.h - a program that can open one folder of the host, and nothing of the user's beside it.
 *
 * sftp-server takes any path that the guest names. So it is started by way of
 *	lima-hostagent confine ro|rw FOLDER PROGRAM [ARGUMENT...]
 * which asks the kernel (Landlock, Linux 5.13) to refuse the rest, and becomes the program. What
 * Landlock does not know of stays possible: to see a file's attributes, and to set one's own files' modes and times.
 */
#pragma once
#include <stdbool.h>

#define CONFINE_WORD "confine"

bool confine_possible(void);	/* false: this kernel has no Landlock, and what is started runs unconfined */
/* This process itself, which opens nothing but the folder from now on; nothing happens where the kernel cannot do it. */
void confine_to(const char *folder, bool writable);

/* `argv` from "confine" on. Returns the exit status, and only if the program could not be started. */
int confine_main(char **argv);
