/*
 * hostagent/machine/console_lines.h - what the lines of a console tell together: that something new is said, and how often
 * the machine has booted. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONSOLE_BOOTS = 5,	/* a first boot restarts for its firmware's entries, its labels, its upgrades; then no more */
	CONSOLE_BANNERS = 10,
	CONSOLE_SEEN = 4096,	/* a power of two */
};

struct console_lines {
	size_t n;				/* of those seen */
	struct {
		uint32_t line;	/* the first one, by its hash: another is another loader's entry, or another kernel */
		int n;
	} boots[CONSOLE_BANNERS];		/* by who says so */
	uint32_t seen[CONSOLE_SEEN];		/* a table of hashes, 0: free */
};

/* Has no such line been there before? Times, counters and addresses are no difference. */
bool console_lines_new(struct console_lines *l, const char *line);

/* Does a boot begin with this line? Then how many have begun so by now, else 0. */
int console_lines_boot(struct console_lines *l, const char *line);
