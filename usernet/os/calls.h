/* usernet/os/calls.h - the system calls that a switch keeps, and those that its keeper gives up (base/syscalls.h). macOS has no filters, so both lists are empty. */
#pragma once
#include "base/syscalls.h"

extern const struct call_list calls_of_switch;
/* What neither a switch nor who keeps it has a use for: programs, other processes, and the system itself. */
extern const struct call_list calls_not_of_keeper;
