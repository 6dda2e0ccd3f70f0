/* cli/args/fleet_same.h - a fleet file that says what it said when it was applied last. */
#pragma once
#include <stdbool.h>

struct cli;
struct fleet;

/*
 * Is every member there, of this fleet, with just the lima.yaml, the edges and the networks that the file makes? Then nothing need
 * be read of them but what was recorded, and what two of them may claim was found out when they were made.
 */
bool fleet_is_as_applied(struct cli *c, const struct fleet *f);
