/* cli/pool.h - how many machines boot at a time. */
#pragma once
#include <stddef.h>

struct engine;

/*
 * One for each processor where they are emulated, and four where they are not: a boot waits for its disk half of the time. And no more
 * than fit into the memory that is free now, by the largest of them; one always may.
 */
size_t pool_boots(const struct engine *e);
