/* The tables of all commands and of the flags that every command has; which of them the words name. */
#include <string.h>

#include "base/auto.h"
#include "cli/args/flags.h"
#include "cli/commands/start.h"

#define COMMAND(name) extern const struct command command_##name;
#include "commands.inc"
#undef COMMAND
#define COMMAND(name) &command_##name,
const struct command *const commands[] = {
#include "commands.inc"
	NULL,
};
#undef COMMAND

const struct flag global_flags[] = {
	{ "debug", 0, FLAG_BOOL, .about = "Tell everything" },
	{ "log-format", 0, FLAG_STRING, "text", "Format of the log: text or json", .complete = "text json" },
	{ "log-level", 0, FLAG_STRING, .about = "Least level to log: trace, debug, info, warn, error",
	  .complete = "trace debug info warn error" },
	{ "tty", 0, FLAG_BOOL, .about = "Ask questions, draw menus, open the editor; the default on a terminal" },
	{ "yes", 'y', FLAG_BOOL, .about = "Same as --tty=false" },
	{ 0 },
};

bool
command_has_word(const char *words, const char *name)
{
	size_t len = strlen(name);

	for (const char *w = words; w && *w; w += strcspn(w, " "), w += *w == ' ')
		if (strncmp(w, name, len) == 0 && (w[len] == ' ' || w[len] == '\0') && len)
			return true;
	return false;
}

const struct command *
command_find(const char *parent, const char *name)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];

		if (parent) {
			const struct command *p = c->parent ? command_find(NULL, c->parent) : NULL;

			if (!p || (strcmp(p->name, parent) != 0))
				continue;
		} else if (c->parent) {
			continue;
		}
		if (strcmp(c->name, name) == 0 || command_has_word(c->aliases, name))
			return c;
	}
	return NULL;
}

/* The parser needs these; help lists its own. */
static const struct flag help_flags[] = {
	{ "help", 'h', FLAG_BOOL }, { 0 },
};
static const struct flag version_flags[] = {
	{ "version", 'v', FLAG_BOOL }, { 0 },
};

void
command_flags(struct flag_values *out, const struct command *c)
{
	flags_add(out, c ? c->flags : version_flags);
	flags_add(out, c ? c->more_flags : NULL);
	flags_add(out, global_flags);
	flags_add(out, help_flags);
}

/* Where in words[] the first positional is, stepping over flags and their values; n: nowhere. */
static int
first_positional(char **words, int n, const struct command *c)
{
	AUTO(flag_values) known = { 0 };
	int i;

	command_flags(&known, c);
	for (i = 0; i < n; i++) {
		if (strcmp(words[i], "--") == 0)
			return n;
		if (words[i][0] != '-' || words[i][1] == '\0')
			return i;
		if (flags_eats_next(&known, words[i]))
			i++;
	}
	return n;
}

static void
drop_word(char **words, int *n, int i)
{
	memmove(words + i, words + i + 1, (size_t)(*n - i) * sizeof *words);
	--*n;
}

const struct command *
command_in(char **words, int *n, int *at)
{
	const struct command *c, *sub;

	*at = first_positional(words, *n, NULL);
	if (*at == *n)
		return NULL;
	c = command_find(NULL, words[*at]);
	if (!c)
		return NULL;
	drop_word(words, n, *at);
	while (!c->run) {
		int next = first_positional(words, *n, c);

		sub = next < *n ? command_find(c->name, words[next]) : NULL;
		if (!sub)
			break;
		drop_word(words, n, next);
		c = sub;
	}
	return c;
}
