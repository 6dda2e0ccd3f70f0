/* providers/drivers/external/external.h - the files of an instance that is run by an external driver, by way of lima-drive. */
#pragma once
#include <stdbool.h>

struct arena;
struct buf;
struct machine;
struct process;

#define EXTERNAL_PID "external.pid"		/* of lima-drive */
#define EXTERNAL_SOCKET "external.sock"		/* its control socket */
#define EXTERNAL_INSTANCE "external.json"	/* what the driver is told */
#define EXTERNAL_LOG "external.log"

/* lima-drive of that folder; `search`: also where its pid file is gone or says nothing. */
bool external_find_drive(const char *dir, bool search, struct process *out);
/* The instance, as upstream's drivers get it. */
void external_instance(const struct machine *m, struct buf *out);
