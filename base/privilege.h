/*
 * base/privilege.h - what a process may still do after it has given up the rest.
 *
 * Capabilities are bits, CAP(CAP_SETUID) and so on: linux/capability.h. Only system calls, so both are for a child
 * after fork() too. An ordinary user has no capabilities: for him this is no_new_privs alone.
 */
#pragma once
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

#define CAP(name) (UINT64_C(1) << (name))

/* Those that this process could use now. */
uint64_t privilege_now(void);
/*
 * Keeps those of `keep` that it has, for itself and whatever it becomes; no program that it starts gets more, neither as
 * root nor by a set-user-ID bit. -1 with errno.
 */
int privilege_keep(uint64_t keep);
/* Can this process become that user and group? Not without CAP_SETUID, and not where its user name space has no such number. */
bool privilege_can_become(unsigned uid);
