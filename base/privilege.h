/*
 * base/privilege.h - what a process may still do after it has given up the rest.
 *
 * Capabilities are bits, CAP(CAP_SETUID) and so on: linux/capability.h. Only system calls, so both are for a child
 * after fork() too. An ordinary user has no capabilities: for him this is no_new_privs alone.
 * macOS has neither: there an ordinary user keeps what he has, and root is refused (ENOTSUP).
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
/* Only the last of that, of this thread and what it starts: macOS has no such thing. */
void privilege_no_new(void);
/* Can this process become that user and group? Not without CAP_SETUID, and not where its user name space has no such number. */
bool privilege_can_become(unsigned uid);
