/*
 * hostagent/helper/bounds.h - what the host agent's helper gives up, and what it starts with it.
 *
 * No guest has a say before there is a machine: until then the helper has the capabilities that the machine and what stands
 * beside it begin with. From the first moment of a guest on it starts servers of folders and nothing else, and all it has is for that
 * (what a process gives up, its children never get): no call that a server of files has no use for, no program but those of the
 * system and its own, no device made, and the capabilities to open anybody's folder, to become its owner, and to signal.
 */
#pragma once
#include <stdint.h>

struct agent;
struct error;
struct launch_companion;

/* That it begins with; base/privilege.h. */
uint64_t bounds_of_companion(const struct launch_companion *c);

/* Before the machine is started. -1 */
int bounds_begin(const struct agent *a, struct error *err);
/* A machine runs. Without Landlock or seccomp here, those are missing; the agent says so. -1: they are there and refuse. */
int bounds_close(struct error *err);
