#include "cli/args/ask.h"

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

/* Tells an interrupt from the end of the input. */
static bool
ask_interrupted(const struct cli *c)
{
	return c->env.cancel && *c->env.cancel;
}

int
ask_start(const struct cli *c, struct error *err)
{
	if (cli_given(c, "start"))
		return cli_bool(c, "start");
	if (!c->tty || !isatty(STDIN_FILENO))
		return 0;
	for (;;) {
		auto_free char *answer = NULL;

		fputs("? Do you want to start the instance now? (Y/n) ", stdout);
		fflush(stdout);
		answer = read_answer();
		if (!answer)
			return ask_interrupted(c) ? error_set(err, ERR_CANCELLED, "interrupt") : 0;
		if (!*answer || strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0)
			return 1;
		if (strcasecmp(answer, "n") == 0 || strcasecmp(answer, "no") == 0)
			return 0;
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
			return ask_interrupted(c) ? error_set(err, ERR_CANCELLED, "Interrupted by user")
					      : error_set(err, ENOTTY, "no answer");
		k = *answer ? strtol(answer, &end, 10) : 1;
		if ((!*answer || !*end) && k >= 1 && k <= (long)n)
			return (int)k - 1;
	}
}
