/*
 * guest/agent/options.h - the command line: `lima-guestagent COMMAND --flag=value --flag value --flag`.
 *
 * Flags and their meaning are upstream's, which boot scripts and units written for it use.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct error;

enum option_kind { OPTION_BOOL, OPTION_TEXT, OPTION_NUMBER, OPTION_DURATION };

struct option {
	const char *name;	/* without the dashes */
	enum option_kind kind;
	void *value;		/* bool *, const char **, unsigned *, unsigned * (milliseconds) */
};

/* Sets what is given in argv[1..]; anything else is an error. Texts point into argv. */
int options_parse(char **argv, const struct option *options, size_t n, struct error *err);
/* "3s", "1m30s", "250ms", "1.5s", as Go writes durations. */
int date_duration_parse(const char *text, unsigned *ms, struct error *err);
