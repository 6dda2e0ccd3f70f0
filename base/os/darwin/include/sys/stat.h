/* macOS's, its times by the names that POSIX gives them. */
#pragma once
#include_next <sys/stat.h>

#define st_atim st_atimespec
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
