/*
 * resources/suspend.h - a machine whose memory is put aside, and which goes on from there: what `vm` does of it.
 *
 * The memory is in DIR/memory (providers/memory_file.h). It belongs to the disks as they were when it was put aside, and to a
 * machine of the same parts; it is given back once: the file goes before the machine goes on.
 */
#pragma once
#include <stdbool.h>

struct arena;
struct env;
struct error;
struct resource;

/* A parameter of a run (resource.how): what a suspended machine holds may be lost by this. */
#define VM_GIVES_UP "gives memory up"

/* Is there such a file in the folder of that instance? */
bool suspend_is_there(const char *dir);
/* The folder, in `a`, that this one was when the machine was put aside; NULL: the same, or that is not known. */
const char *suspend_moved_from(const char *dir, struct arena *a);
struct machine;
/* Has `m` the parts of the machine that was put aside there, where what is wanted, or we, have changed since: driver_memory.was. */
void suspend_was(const char *dir, struct machine *m);
/* Could the machine that runs be put aside as it is now? One that does not run is not asked. */
int suspend_possible(const char *dir, struct error *err);
/* Puts the memory of the machine that runs aside, and ends it and its agent. When that fails it goes on. */
int suspend_machine(const struct env *env, const struct resource *r, const char *dir, struct error *err);
/* Does what was put aside fit what $I/launch.json starts, and is it whole? Before anything is started. ERR_REFUSED says what to do. */
int suspend_check(const struct env *env, const struct resource *r, const char *dir, struct error *err);
/* Of a machine that was launched to wait: gives it its memory, and lets it go on. When that fails it has been ended, and nothing is lost. */
int suspend_resume(const struct env *env, const struct resource *r, const char *dir, struct error *err);
/* Ends the machine that runs, or waits, and its agent, without a word to the guest. */
int suspend_end(const char *dir, struct error *err);
/*
 * What a limactl that was killed has left: a machine that was half put aside, or half resumed, goes on, and its file goes. 0, -1.
 * 1: it was not told what it is to hold, and has been ended; its file is as it was.
 */
int suspend_settle(const char *dir, struct error *err);
