/* Give back what booting and logging in needed and waiting does not: of the heap. Pages of code go by themselves where memory is short. */
#include <malloc/malloc.h>

#include "hostagent/agent.h"

void
trim_memory(void)
{
	malloc_zone_pressure_relief(NULL, 0);
}
