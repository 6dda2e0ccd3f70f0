/* The tables of all commands and of the flags that every command has. */
#include <string.h>

#include "cli/cli.h"

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
