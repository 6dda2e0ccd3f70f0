/*
 * cli/ssh/many.h - one command in several guests, side by side.
 *
 * Each line that a guest says is printed whole, behind the name of its instance, to the stream that it came from. Nobody has
 * our standard input; what all are given is a file, which each reads by itself.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "cli/ssh/ssh.h"

struct error;

struct many_guest {
	const char *name;
	struct argv argv; /* ssh, the way in, and the command */
};

struct many_opts {
	size_t jobs;		/* at a time; 0: as many as this host bears */
	long long timeout_ms;	/* then those that still run are ended; 0: never */
	bool fail_fast;		/* when one failed, too */
	int input;		/* a file that each is given from its beginning; 0: none */
};

/*
 * Runs all of them to their ends. The exit status: 0 if all are 0, else the highest, where STATUS_OUT_OF_TIME is that of one that was
 * ended, or not begun, since time was up, or of what nobody had read by then; who failed, and how, is logged. -1: one could not be started.
 */
int many_run(const struct cli *c, const struct many_guest *v, size_t n, const struct many_opts *o, struct error *err);

/* Does the word mean several instances, by a glob or with commas: 'web-*', web,db? No instance has such a name. */
bool many_is_meant(const char *word);
/* The names that words mean, each once: as they stand there, those of a glob sorted; in c->arena. A word that nothing fits is an error. */
int many_names(struct cli *c, const char *const *words, size_t nwords, const char *const **out, size_t *n, struct error *err);
