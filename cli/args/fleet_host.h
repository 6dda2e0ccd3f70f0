/* cli/args/fleet_host.h - does a fleet fit on this host? */
#pragma once
#include <stddef.h>

struct cli;
struct error;
struct fleet;
struct spec;

/*
 * Memory of all members together: more than the host has, or than `capacity` allows, is an error, and more than is free of it a
 * warning. `specs` are the members' own, in their order.
 */
int fleet_check_host(struct cli *c, const struct fleet *f, struct spec *const *specs, struct error *err);
