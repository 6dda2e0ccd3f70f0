#include "cli/ask.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"

/* Without its line break; NULL at the end of the input. To free. */
static char *
read_answer(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n = getline(&line, &room, stdin);

	if (n < 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

bool
ask_yes(const struct cli *c, const char *question, bool yes)
{
	if (!c->tty || !isatty(STDIN_FILENO))
		return false;
	for (;;) {
		auto_free char *answer = NULL;

		printf("? %s(%s) ", question, yes ? "Y/n" : "y/N");
		fflush(stdout);
		answer = read_answer();
		if (!answer)
			return false;
		if (!*answer)
			return yes;
		if (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0)
			return true;
		if (strcasecmp(answer, "n") == 0 || strcasecmp(answer, "no") == 0)
			return false;
	}
}

int
ask_choice(const struct cli *c, const char *question, const char *const *choices, size_t n, struct error *err)
{
	printf("? %s\n", question);
	for (size_t i = 0; i < n; i++)
		printf("  %zu) %s\n", i + 1, choices[i]);
	for (;;) {
		auto_free char *answer = NULL;
		char *end;
		long k;

		printf("Choose [1]: ");
		fflush(stdout);
		answer = read_answer();
		if (!answer)
			return c->env.cancel && *c->env.cancel ? error_set(err, ERR_CANCELLED, "Interrupted by user")
							       : error_set(err, ENOTTY, "no answer");
		k = *answer ? strtol(answer, &end, 10) : 1;
		if ((!*answer || !*end) && k >= 1 && k <= (long)n)
			return (int)k - 1;
	}
}
