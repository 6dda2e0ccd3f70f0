/*
 * base/environment.h - what is left of a shell's environment for a program that a guest may take over.
 *
 * What it may need to find its files, to speak the user's language and to reach his screen and loudspeaker. The rest is nobody's
 * business: tokens, keys, proxies with passwords.
 */
#pragma once
#include <stdbool.h>

/* `more`: further names, NULL-terminated, for who needs them; NULL: none. */
bool environment_is_kept(const char *const *more);	/* is there nothing else? */
/* "NAME=value", NULL-terminated; the array is to be freed, its strings are not. */
char **environment_kept(const char *const *more);
/* Begins this program again with what is kept, so that its memory has nothing else. 0: there is nothing else; -1 with errno. */
int environment_leave(char **argv, const char *const *more);
