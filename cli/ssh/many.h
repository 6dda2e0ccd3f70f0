/*
 * cli/ssh/many.h - one command in several guests, side by side.
 *
 * Each line that a guest says is printed whole, behind the name of its instance, to the stream that it came from. Nobody has
 * our standard input.
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

/*
 * Runs all of them to their ends, so many at a time as this host bears. The exit status: 0 if all are 0, else the highest; who failed, and
 * how, is logged. -1: one could not be started.
 */
int many_run(const struct cli *c, const struct many_guest *v, size_t n, struct error *err);

/* Does the word mean several instances, by a glob or with commas: 'web-*', web,db? No instance has such a name. */
bool many_is_meant(const char *word);
/* Their names, each once: as they stand there, those of a glob sorted; in c->arena. One that nothing fits is an error. */
int many_names(struct cli *c, const char *word, const char *const **out, size_t *n, struct error *err);
