/*
 * hostagent/confinement.h - what the host agent gives up before it reads the first byte of a guest's.
 *
 * It speaks SSH, gRPC, HTTP, DNS and the driver's language with a guest, or with a machine that a guest may have taken over, and reads its
 * consoles. A mistake there is to end in a process that can: use the sockets and files of the instance's folder, write its logs,
 * listen, connect, list folders, make sockets. It reads no other file of the user's and writes none, lima.yaml least of all (Landlock), has no
 * capability but to listen on the ports of root and to look for shared folders, and starts nothing, signals nobody, traces nothing (seccomp): other programs
 * are its helper's (hostagent/helper/helper.h).
 */
#pragma once

struct agent;
struct error;

/* What this kernel does not have is said once, and goes without. -1: the kernel has it and refuses. */
int agent_confine(struct agent *a, struct error *err);
