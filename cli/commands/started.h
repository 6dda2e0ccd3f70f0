/* cli/commands/started.h - what start and restart say, and do, once an instance runs. */
#pragma once
#include "cli/cli.h"

struct error;

/* That it begins, and with what driver; `vm_type` "": the usual one. */
void started_begin(struct cli *c, const char *name, const char *vm_type);
/* READY, the way in, and the message of its lima.yaml. */
void started_tell(struct cli *c, const char *name);
/* Starts an instance that is there, and tells. The exit status, or -1. */
int start_now(struct cli *c, const char *name, struct error *err);
/* --foreground: stays as long as the machine runs; SIGINT and SIGTERM shut it down. The exit status, or -1. */
int started_stay(struct cli *c, const char *name, struct error *err);
