/* providers/drivers/external/external.h - the files of an instance that is run by an external driver, by way of lima-drive. */
#pragma once

struct arena;
struct buf;
struct machine;

#define EXTERNAL_PID "external.pid"		/* of lima-drive */
#define EXTERNAL_SOCKET "external.sock"		/* its control socket */
#define EXTERNAL_INSTANCE "external.json"	/* what the driver is told */
#define EXTERNAL_LOG "external.log"

/* The instance, as upstream's drivers get it. */
void external_instance(const struct machine *m, struct buf *out);
