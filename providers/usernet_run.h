/* providers/usernet_run.h - the switch of a user-v2 network as a process: started, found, ended. */
#pragma once
#include <sys/types.h>

struct error;

/* $LIMA_HOME/_networks/NAME; to free */
char *usernet_dir(const char *home, const char *name);
/* The switch that runs there; 0: none. */
pid_t usernet_process(const char *dir);
/* It runs when this returns: the one that was there, or `program`. Who holds usernet_lock() knows that it does not end by itself meanwhile. */
int usernet_start(const char *program, const char *dir, struct error *err);
int usernet_stop(const char *dir, struct error *err);
/*
 * Ports are written under this lock, and a switch without ports takes it before it ends: so none ends while one is being plugged in. A
 * descriptor to close; -1.
 */
int usernet_lock(const char *dir, struct error *err);
