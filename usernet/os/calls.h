/* usernet/os/calls.h - the system calls that a switch keeps (base/syscalls.h). macOS has no filters, so the list is empty. */
#pragma once
#include "base/syscalls.h"

extern const struct call_list calls_of_switch;
