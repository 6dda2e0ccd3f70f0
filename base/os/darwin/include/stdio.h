/* macOS's, and renameat2() of Linux. */
#pragma once
#include_next <stdio.h>

enum { RENAME_NOREPLACE = 1 };

int renameat2(int from, const char *old, int to, const char *fresh, unsigned flags);
