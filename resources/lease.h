/*
 * resources/lease.h - what of this host an instance has for itself: the ports of its guest's sshd and of its resolver, and data disks.
 *
 * A port is chosen once and kept in DIR/lease.KIND, also while the instance is down; when somebody else has it by the time
 * that the machine is to start, another one is chosen, and the plan says so. Who needs the number needs the lease.
 */
#pragma once
#include "reconciler/env.h"
#include "reconciler/resource.h"

struct error;

#define LEASE_SSH "ssh"
#define LEASE_DNS "dns"
#define LEASE_DISK "disk/"	/* and the disk's name: held while the machine runs */

/* The port of that kind that `r` stands on, for its ensure() and observe(); 0: it needs none, or there is none yet. */
int lease_port(const struct resource *r, const char *kind);
/* Can the machine that is about to start listen there? -1 with EADDRINUSE, who has the port, and what to do. */
int lease_check(const struct env *env, const struct resource *r, const char *kind, int port, struct error *err);
/*
 * Of a machine that is to be started, or restarted, with another ssh port than it keeps: has a program that is no instance of this
 * home that one? Then all that is done for it would be for nothing. As lease_check().
 */
int lease_check_next(const struct env *env, const struct resource *r, struct error *err);
