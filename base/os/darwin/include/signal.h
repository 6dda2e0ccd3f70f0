/* macOS's. Signals that queue, and carry a number, it has none of: base/os/process.h refuses to send one, and nobody gets any. */
#pragma once
#include_next <signal.h>

#define SIGRTMIN SIGUSR1
