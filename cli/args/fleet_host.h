/* cli/args/fleet_host.h - does a fleet fit on this host? */
#pragma once
#include <stddef.h>

struct cli;
struct spec_opts;
struct error;
struct fleet;
struct spec;

/*
 * fleet_check_claims(), with the instances that run and are not of the fleet; those are read only where a member does not run yet,
 * since one that runs has what it claims.
 */
int fleet_check_taken(struct cli *c, const struct fleet *f, struct spec *const *specs, const struct spec_opts *opts, struct error *err);

/*
 * Memory of all members together: more than the host has, or than `capacity` allows, is an error, and more than is free of it a
 * warning, and so are disks that may grow beyond what is free. So is what the machines that do not run yet need of the kernel: descriptors, and watches of files, of which a user has
 * few. `specs` are the members' own, in their order.
 */
int fleet_check_host(struct cli *c, const struct fleet *f, struct spec *const *specs, struct error *err);
