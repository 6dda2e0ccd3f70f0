/* cli/run_locks.h - the locks of what a run works on: its instances and things, held until it ends. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct cli;
struct error;
struct run;

struct locks {
	struct lock_held {
		int fd;
		char *path;
	} * v;
	size_t n;
	bool also; /* run.also_lock is among them */
};

void locks_release(struct locks *l);
/* Always in the order of names, so that two runs never wait for each other. */
int locks_take(struct cli *c, const struct run *r, struct locks *l, struct error *err);
/* What may be ended by whoever wants the instance down: the start of one instance, which is all that this process does. */
void locks_note_start(const struct run *r, struct locks *l);
