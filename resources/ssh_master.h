/*
 * resources/ssh_master.h - the connection of OpenSSH's that limactl's commands and the user's share, by DIR/ssh.sock. Whoever has become root or
 * read a variable in it has what was so when it was made.
 */
#pragma once
#include <stdbool.h>

/* The next ssh makes another one. `now`: what goes through this one ends; else that comes to its own end. */
void ssh_master_drop(const char *dir, bool now);
