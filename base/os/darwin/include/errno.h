/* macOS's, and numbers of Linux by the nearest that there is. */
#pragma once
#include_next <errno.h>

#define EKEYREJECTED EAUTH
