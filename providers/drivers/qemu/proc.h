/* providers/drivers/qemu/proc.h - the QEMU process of an instance folder: is it there, and what does it leave. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct error;
struct process;

/*
 * That process, held (base/process.h): who owns DIR/qemu.pid (providers/pidfile.h). `search`: look
 * through /proc too, for one that has not written the file yet. False: none.
 */
bool qemu_process(const char *dir, bool search, struct process *out);
pid_t qemu_pid(const char *dir, bool search);	/* its number, for telling; 0: none */

/* Removes pid file and sockets of a QEMU that is gone. The console logs stay until the next start. */
int qemu_sweep(const char *dir, struct error *err);
