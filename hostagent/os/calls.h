/* hostagent/os/calls.h - the system calls that each kind of process keeps (base/syscalls.h). macOS has no filters, so its lists are empty. */
#pragma once
#include "base/syscalls.h"

extern const struct call_list calls_of_agent, calls_of_helper;
extern const struct call_list calls_of_server, calls_of_writing_server;	/* of folders; a writing one keeps both */
