/* resources/at_stake.h - how much of the user's is in a file: what is allocated of it, not what it pretends to be. */
#pragma once
#include <stdint.h>

/* 0: nothing, or nobody can tell. */
uint64_t at_stake_in(const char *path);
