/*
 * providers/drivers/fake/machine.h - lima-fake-machine from the inside, shared by the parts of it.
 *
 *	machine.c          what it is told and answers, for people; the socket, the clock, its end
 *	machine_options.c  the command line
 *	machine_client.c   a connection: what is asked on it, and what the guest's own say
 *	machine_memory.c   what it holds, said and taken
 *	machine_park.c     the port by which a guest waits
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/park.h"

enum { MAX_CLIENTS = 64, MAX_LINE = 1024, MOST_GIVEN = 16 << 20, NEVER = -1 };

enum stands { RUNS, STANDS, WAITS };

struct client {
	int fd;
	char line[MAX_LINE];
	size_t len;
	bool waits;	/* for the guest to be ready */
	bool guest;	/* it is a connection to a port of the guest */
	size_t saves;	/* KiB of memory that are still to be said */
	bool loads;	/* what comes is memory */
	bool parks;	/* it is one to the port of that name */
	char *input;	/* what comes is for a shell: `given` of `asked` bytes are there */
	size_t given, asked;
};

struct fake {
	const char *pidfile, *control, *console, *refuse, *fail;
	int off_ms, reboot_ms;
	bool deaf, stuck, hangs, said, unsaved;
	bool parks, parked, unrenewed;
	char told[PARK_MAX], renewed[PARK_MAX];	/* by who listens there; the whole of it, in one line */
	size_t ntold;
	enum stands stands;
	char holds[MAX_LINE];
	size_t kib, slow_ms, loaded;	/* bytes */
	long long up_at, ready_at, dies_at, off_at;	/* NEVER: not at all */
	int listener, log;
	struct client client[MAX_CLIENTS];
	size_t nclients;
};

/* --- machine_options.c */
int fake_machine_number(const char *text);
int fake_machine_options(struct fake *f, int argc, char **argv);

/* --- machine_memory.c */
/* False: all is said, or nobody listens. */
bool fake_client_save(struct fake *f, struct client *c);
/* At its end; what came is checked byte by byte. */
void fake_client_loaded(struct fake *f);
void fake_client_load(struct fake *f, const char *p, size_t n);
bool fake_answer_memory(struct fake *f, struct client *c, const char *line);

/* --- machine_park.c */
/* Who comes when the guest has booted finds nobody there. */
void fake_answer_park(struct fake *f, struct client *c);
bool fake_park_read(struct fake *f, struct client *c, const char *p, size_t n);

/* --- machine_client.c */
void fake_client_close(struct fake *f, struct client *c);
bool fake_client_say(struct client *c, const char *text);
void fake_console_say(struct fake *f, const char *text);
void fake_answer_ready(struct fake *f, struct client *c);
/* Returns false when the client is gone. */
bool fake_client_read(struct fake *f, struct client *c);
